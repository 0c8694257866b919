// Real deploys of the controller, by Modal's own Python client, to the emulated Modal, which runs what was deployed. Each
// test has a GitHub and a Modal of its own, so several run at once.
import { execFile } from "node:child_process";
import { createHash, createHmac } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { ServerError, Status } from "nice-grpc";
import { describe, expect, it } from "vitest";
import { controllerAppName, ownershipTags } from "../../../../src/lib/modal/names.ts";
import { deleteSecret, writeSecret } from "../../../../src/lib/modal/secrets.ts";
import { packageFile } from "../../../../src/lib/package-root.ts";
import { loadPolicy } from "../../../../src/lib/policy/load.ts";
import { processesWith, until } from "../../../e2e/cli.ts";
import { modalClient } from "../../../python.ts";
import { healthOf, policyText, programIn, runAJob, type Site, siteWith } from "./support.ts";

const bin = (await modalClient()) ?? "";
const app = controllerAppName("deployed");

async function ping(webhookUrl: string, secret: string): Promise<number> {
  const body = '{"zen":"Half measures are as bad as nothing at all."}';
  const signature = `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
  const headers = { "x-github-event": "ping", "x-hub-signature-256": signature };
  return (await fetch(webhookUrl, { method: "POST", body, headers })).status;
}

async function versions({ access }: Site): Promise<number[]> {
  const { appId } = await access.client.apps.fromName(app);
  const { appDeploymentHistories } = await access.client.cpClient.appDeploymentHistory({ appId });
  return appDeploymentHistories.map(({ version }) => version);
}

async function contentsOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return Promise.all(
    entries.filter((entry) => entry.isFile()).map((entry) => readFile(join(entry.parentPath, entry.name), "latin1")),
  );
}

describe.runIf(bin !== "")("a deploy of the controller", () => {
  it.concurrent("serves: the job that a signed webhook tells of is run", async (context) => {
    const site = await siteWith([bin], context);
    await site.writeGitHubValues();
    const deployed = await site.deploy();
    const { hash } = await loadPolicy(site.policyFile);
    expect(deployed).toMatchObject({ via: "modal", changed: true, policyHash: hash, appVersion: 1, configured: true });
    expect(deployed.webhookUrl).toBe(`${deployed.url}/webhook`);
    const { client } = site.access;
    expect((await client.cpClient.appGetTags({ appId: deployed.appId })).tags).toEqual(ownershipTags("deployed"));
    site.github.setWebhookUrl(deployed.webhookUrl);
    await runAJob(site);
    // A token's webhooks are found by the address, which the controller is not told by anybody else.
    expect(processesWith(`MODAL_GHA_WEBHOOK_URL=${deployed.webhookUrl}`)).toHaveLength(1);
  });

  it.concurrent("needs no Python here: a Sandbox deploys, and is gone afterwards", async (context) => {
    const site = await siteWith([], context);
    await site.writeGitHubValues();
    const calls: { method: string; request: string }[] = [];
    site.intercept.modal = async ({ method, request }) => {
      calls.push({ method, request: JSON.stringify(request) ?? "" });
      return "proceed";
    };
    const deployed = await site.deploy();
    expect(deployed).toMatchObject({ via: "sandbox", changed: true });
    await until("no Sandbox is left", () => site.modal.running().length === 0);
    expect(site.progress[0]).toMatch(/no program `modal`, and there is no program `uvx`/);
    site.github.setWebhookUrl(deployed.webhookUrl);
    await runAJob(site);
    // The token pair went to the one process that deploys, and in nothing that names or lists it.
    const withToken = calls.filter(({ request }) => request.includes(site.modal.tokenSecret));
    expect(withToken.map(({ method }) => method)).toEqual(["TaskExecStart"]);
    const started = JSON.parse(withToken[0]?.request ?? "{}") as { commandArgs: string[] };
    expect(started.commandArgs.join(" ")).toMatch(/^env -u MODAL_IS_REMOTE .* modal deploy /);
    expect(started.commandArgs.join(" ")).not.toContain(site.modal.tokenSecret);
    // What GitHub's App has went nowhere but into the Secret, before all this.
    const said = calls.map(({ request }) => request);
    const uploaded = await contentsOf(join(site.directory, "modal", "uploads"));
    expect(uploaded.length).toBeGreaterThan(10);
    const { privateKey, webhookSecret } = site.github.app;
    for (const secret of [privateKey.split("\n")[5] as string, webhookSecret]) {
      expect([...said, ...uploaded].filter((text) => text.includes(secret))).toEqual([]);
    }
    expect(uploaded.filter((text) => text.includes(site.modal.tokenSecret))).toEqual([]);
  });

  it.concurrent("takes uvx where there is no modal, or none that will do", async (context) => {
    const site = await siteWith([], context);
    const asked = join(site.folder, "asked");
    const uvx = await programIn(
      site.folder,
      "uvx",
      `[ "$1" = --version ] && exec echo uvx 0.9\necho "$@" >>${asked}; shift 3; exec ${join(bin, "modal")} "$@"`,
    );
    const others = [await programIn(site.folder, "modal", "echo 0.0.7"), uvx, site.env["PATH"]];
    const deployed = await site.deploy({ env: { ...site.env, PATH: others.join(":") } });
    expect(deployed.via).toBe("uvx");
    expect(await readFile(asked, "utf8")).toMatch(/^--from modal==1\.6\.4 modal deploy /m);

    const old = await programIn(site.folder, "modal", "echo modal client version: 1.2.9");
    const env = { ...site.env, PATH: [old, site.env["PATH"]].join(":") };
    await expect(site.deploy({ env, via: "modal" })).rejects.toMatchObject({
      code: "no-client",
      message: expect.stringContaining("of version 1.2.9, and 1.3.0 is needed"),
    });
  });

  it.concurrent("takes a Sandbox where uvx cannot fetch the client", async (context) => {
    const site = await siteWith([], context);
    const offline = await programIn(site.folder, "uvx", `[ "$1" = --version ] || exit 2`);
    const deployed = await site.deploy({ env: { ...site.env, PATH: `${offline}:${site.env["PATH"]}` } });
    expect(deployed.via).toBe("sandbox");
    expect(site.progress[0]).toMatch(/uvx cannot fetch modal 1\.6\.4$/);
  });

  it.concurrent("gives Modal's client no secrets but the token pair, and puts none into its arguments", async (context) => {
    const site = await siteWith([], context);
    await site.writeGitHubValues();
    const seen = join(site.folder, "seen");
    const spy = await programIn(
      site.folder,
      "modal",
      `tr '\\0' '\\n' </proc/$$/cmdline >>${seen}.argv; env >>${seen}.env; exec ${join(bin, "modal")} "$@"`,
    );
    const { privateKey, webhookSecret } = site.github.app;
    const env = {
      ...site.env,
      PATH: [spy, site.env["PATH"]].join(":"),
      MODAL_GHA_PRIVATE_KEY: privateKey,
      MODAL_GHA_WEBHOOK_SECRET: webhookSecret,
      GITHUB_TOKEN: site.github.token,
    };
    await site.deploy({ env });
    const [argv, variables] = [await readFile(`${seen}.argv`, "utf8"), await readFile(`${seen}.env`, "utf8")];
    expect(variables).toContain(site.modal.tokenSecret);
    const keyLine = privateKey.split("\n")[5] as string;
    for (const secret of [keyLine, webhookSecret, site.github.token]) expect(variables + argv).not.toContain(secret);
    expect(argv).not.toContain(site.modal.tokenSecret);
    for (const secret of [keyLine, webhookSecret, site.modal.tokenSecret]) {
      expect(`${site.progress}${site.lines}`).not.toContain(secret);
    }
  });

  it.concurrent("before there is a GitHub App runs, and says so to everybody", async (context) => {
    const site = await siteWith([bin], context);
    const deployed = await site.deploy();
    expect(deployed.configured).toBe(false);
    expect(await healthOf(deployed.url)).toMatchObject({ ok: true, configured: false, policy: deployed.policyHash });
    const answer = await fetch(deployed.webhookUrl, { method: "POST", body: "{}" });
    expect([answer.status, await answer.json()]).toMatchObject([503, { reason: "not-configured" }]);
    expect(await site.modal.runFunction(app, "reconcile")).toBe(0);
  });

  it.concurrent("done again without a change says so, and takes the Secret as it is by then", async (context) => {
    const site = await siteWith([bin], context);
    const first = await site.deploy();
    await site.writeGitHubValues();
    const again = await site.deploy();
    expect(again).toMatchObject({ changed: false, configured: true, url: first.url, appVersion: 2 });
    expect(site.progress).toContainEqual(expect.stringContaining("Unchanged since version 1"));
    expect(await ping(again.webhookUrl, site.github.app.webhookSecret)).toBe(200);
    await writeFile(site.policyFile, policyText.replace("[modal]", "[modal, big]"));
    expect(await site.deploy()).toMatchObject({ changed: true, appVersion: 3 });
  });

  it.concurrent("has the policy's settings, and flags before them", async (context) => {
    const site = await siteWith([bin], context);
    const block = "controller: { min-containers: 1, region: us-east, custom-domain: runners.invalid }\n";
    await writeFile(site.policyFile, policyText + block);
    const made: Record<string, unknown>[] = [];
    site.intercept.modal = async ({ method, request }) => {
      if (method === "FunctionCreate") made.push((request as { function: Record<string, unknown> }).function);
      return "proceed";
    };
    const deployed = await site.deploy({ settings: { region: "eu-west", minContainers: undefined } });
    const serve = made.find(({ functionName }) => functionName === "serve");
    expect(serve).toMatchObject({
      autoscalerSettings: { minContainers: 1 },
      schedulerPlacement: { regions: ["eu-west"] },
      webhookConfig: { webServerPort: 8000, customDomains: [{ name: "runners.invalid" }] },
    });
    expect(made.find(({ functionName }) => functionName === "reconcile")).toMatchObject({
      schedule: { cron: { cronString: "* * * * *" } },
    });
    // The domain leads nowhere yet, so webhooks are not to be sent there.
    expect(deployed.url).toMatch(/^http:\/\/127\.0\.0\.1:/);
    expect(site.progress).toContainEqual(expect.stringMatching(/runners\.invalid does not lead to the controller/));
  });
});

describe.runIf(bin !== "")("a controller that is deployed", () => {
  it.concurrent("is connected when it says that it is well, and if not, the deploy tells why", async (context) => {
    const site = await siteWith([bin], context);
    await site.writeGitHubValues();
    const { url } = await site.deploy();
    expect(await healthOf(url)).toMatchObject({ configured: true, connected: true });
    expect(`${site.progress}`).not.toContain("not connected");
    await writeSecret(site.access.client, "deployed", { MODAL_GHA_APP_ID: "999" });
    expect(await site.deploy()).toMatchObject({ configured: true });
    expect(site.progress.at(-1)).toMatch(/^It is not connected to GitHub and Modal yet; it says: .*App 999/);
  });

  it.concurrent("is waited for while it still connects, and not said to be without a connection", async (context) => {
    const site = await siteWith([bin], context);
    await site.writeGitHubValues();
    const waiting = Promise.withResolvers<string>();
    const slow = waiting.promise.then(async (url) => {
      // Each answer waits some seconds for the connection, so the deploy has had one by the end of the second.
      for (const _ of [1, 2]) expect(await healthOf(url)).toMatchObject({ configured: true, connected: false });
    });
    site.intercept.github = async (_request, answer) => {
      await slow;
      return answer();
    };
    const said: string[] = [];
    const onProgress = (line: string) => {
      said.push(line);
      const [, url] = /waiting for (\S+)\/healthz$/.exec(line) ?? [];
      if (url) waiting.resolve(url);
    };
    const { url } = await site.deploy({ onProgress });
    expect(await healthOf(url)).toMatchObject({ connected: true });
    expect(`${said}`).not.toContain("not connected");
  });

  it.concurrent("ends its container when it dies, so that the next request starts another", async (context) => {
    const site = await siteWith([bin], context);
    const { url } = await site.deploy();
    const { deployment } = await healthOf(url);
    const [pid] = processesWith(`MODAL_GHA_DEPLOYMENT=${deployment}`);
    process.kill(pid as number, "SIGKILL");
    await until("the container has ended", () => site.lines.some((line) => /of serve ended with 1$/.test(line)));
    expect(await healthOf(url)).toMatchObject({ ok: true, deployment });
  });
});

describe.runIf(bin !== "")("the controller's image", () => {
  it.concurrent("has Node as its archive's SHA-256 says, and no other", async (context) => {
    const site = await siteWith([bin], context);
    await site.deploy();
    const commands = site.modal.images().flatMap(({ dockerfileCommands }) => dockerfileCommands);
    const fetching = commands.find((line) => line.startsWith("RUN python3 -c ")) ?? "";
    const dockerfile = await readFile(packageFile("image", "Dockerfile"), "utf8");
    const [, sha256 = "none"] = /^ARG NODE_SHA256=(\w+)$/m.exec(dockerfile) ?? [];
    expect(fetching).toContain(sha256);

    // What it would do, with an archive of our own.
    const archive = join(site.folder, "node.tar.xz");
    await writeFile(join(site.folder, "node"), "no program");
    await promisify(execFile)("tar", ["-cJf", archive, "-C", site.folder, "node"]);
    const own = createHash("sha256")
      .update(await readFile(archive))
      .digest("hex");
    const build = async (expected: string, into: string) => {
      await mkdir(into);
      const script = fetching
        .replace(/^RUN /, "")
        .replace(/https:[^"]+/, `file://${archive}`)
        .replace(sha256, expected)
        .replace('"/opt"', `"${into}"`);
      await promisify(execFile)("sh", ["-c", script]);
      return readFile(join(into, "node"), "utf8");
    };
    await expect(build(sha256, join(site.folder, "refused"))).rejects.toThrow(`Node has the SHA-256 ${own}`);
    expect(await build(own, join(site.folder, "taken"))).toBe("no program");
  });
});

describe.runIf(bin !== "")("the deployed schedule", () => {
  it.concurrent("gives a job its runner whose webhook was lost", async (context) => {
    const site = await siteWith([bin], context);
    await site.writeGitHubValues();
    await site.deploy();
    await site.github.trigger({ repository: "app", event: "workflow_dispatch" });
    expect(site.github.state().jobs).toMatchObject([{ status: "queued" }]);
    expect(await site.modal.runFunction(app, "reconcile")).toBe(0);
    await site.github.settled();
    expect(site.github.state().jobs).toMatchObject([{ conclusion: "success" }]);
    const log = await logOf(site);
    expect(log).toContain("The controller answered 200");
    expect(log.match(/"event":"reconciling"/g)).toHaveLength(1);
  });

  it.concurrent("looks at the fleet itself when the controller does not do as it is asked", async (context) => {
    const site = await siteWith([bin], context);
    await site.writeGitHubValues();
    const { url } = await site.deploy();
    await healthOf(url);
    // The container that runs keeps the secret that it has.
    await writeSecret(site.access.client, "deployed", { MODAL_GHA_WEBHOOK_SECRET: "another one" });
    await site.github.trigger({ repository: "app", event: "workflow_dispatch" });
    expect(await site.modal.runFunction(app, "reconcile")).toBe(0);
    await site.github.settled();
    expect(site.github.state().jobs).toMatchObject([{ conclusion: "success" }]);
    expect(await logOf(site)).toContain("The controller answered 401");
  });
});

async function logOf({ access }: Site): Promise<string> {
  const { appId } = await access.client.apps.fromName(app);
  const { batches } = await access.client.cpClient.appFetchLogs({ appId, limit: 500 });
  return batches.flatMap(({ items }) => items.map(({ data }) => data)).join("");
}

describe.runIf(bin !== "")("a deploy that does not work", () => {
  const broken = `${policyText}nonsense: true\n`;
  /** By which nobody waits: its time passes fourfold where it is waited. */
  const hasty = () => {
    let ms = Date.now();
    const sleep = async (pauseMs: number) => {
      ms += 4 * pauseMs;
    };
    return { now: () => ms, sleep };
  };

  it.concurrent("is taken back when the controller is not well, with the last words of its log", async (context) => {
    const site = await siteWith([bin], context);
    const { url, policyHash } = await site.deploy();
    const { policy } = await loadPolicy(site.policyFile);
    await writeFile(site.policyFile, broken);
    await expect(site.deploy({ policy, clock: hasty() })).rejects.toMatchObject({
      code: "unhealthy",
      why: expect.stringMatching(/^Version 1, the one of before, serves again\.[\s\S]*there is no such key/),
    });
    expect(await healthOf(url)).toMatchObject({ ok: true, policy: policyHash });
    expect(await versions(site)).toEqual([3, 2, 1]);
  });

  it.concurrent("says so when there is nothing to go back to", async (context) => {
    const site = await siteWith([bin], context);
    const { policy } = await loadPolicy(site.policyFile);
    await writeFile(site.policyFile, broken);
    const why = expect.stringMatching(/^Nothing was deployed before it/);
    await expect(site.deploy({ policy, clock: hasty() })).rejects.toMatchObject({ code: "unhealthy", why });
  });

  it.concurrent("says so when Modal does not go back", async (context) => {
    const site = await siteWith([bin], context);
    await site.deploy();
    const { policy } = await loadPolicy(site.policyFile);
    await writeFile(site.policyFile, broken);
    site.intercept.modal = async ({ method }) => {
      if (method === "AppRollback") throw new ServerError(Status.FAILED_PRECONDITION, "not on this plan");
      return "proceed";
    };
    const why = expect.stringMatching(/^It is in place all the same: .*version 1 .*not on this plan/);
    await expect(site.deploy({ policy, clock: hasty() })).rejects.toMatchObject({ code: "unhealthy", why });
  });

  it.concurrent("leaves alone what somebody else deploys meanwhile: the last one wins", async (context) => {
    const site = await siteWith([bin], context);
    let isFirst = true;
    site.intercept.modal = async ({ method }) => {
      if (method === "FunctionGet" && isFirst) {
        isFirst = false;
        await writeFile(site.policyFile, policyText.replace("[modal]", "[theirs]"));
        await site.deploy();
      }
      return "proceed";
    };
    const deployed = await site.deploy();
    const { hash } = await loadPolicy(site.policyFile);
    expect(deployed).toMatchObject({ appVersion: 2, policyHash: hash });
    expect(site.progress).toContainEqual(expect.stringContaining("Somebody else deployed meanwhile: version 2"));
    expect(await versions(site)).toEqual([2, 1]);
  });

  it.concurrent("tells what Modal's client said, and changes nothing", async (context) => {
    const site = await siteWith([], context);
    const failing = await programIn(
      site.folder,
      "modal",
      `[ "$1" = --version ] && exec echo modal client version: 1.6.4\necho no space left >&2; exit 3`,
    );
    await expect(site.deploy({ env: { ...site.env, PATH: `${failing}:/bin` } })).rejects.toMatchObject({
      code: "deploy-failed",
      message: expect.stringContaining("ended with 3"),
      why: expect.stringMatching(/^Nothing was deployed\.[\s\S]*no space left/),
    });
  });

  it.concurrent("says of each way why it is none", async (context) => {
    const site = await siteWith([], context);
    await expect(site.deploy({ via: "uvx" })).rejects.toMatchObject({ code: "no-client" });
    site.intercept.modal = async ({ method }) => {
      if (method === "SandboxCreateV2") throw new ServerError(Status.PERMISSION_DENIED, "no Sandboxes for you");
      return "proceed";
    };
    await expect(site.deploy()).rejects.toMatchObject({
      code: "no-client",
      why: expect.stringMatching(/no program `modal`, and there is no program `uvx`\. .*no Sandboxes for you/),
    });
  });

  it.concurrent("needs the fleet's Secret, with a token pair in it", async (context) => {
    const site = await siteWith([bin], context);
    const { client } = site.access;
    await writeSecret(client, "deployed", { MODAL_GHA_MODAL_TOKEN_ID: undefined });
    await expect(site.deploy()).rejects.toMatchObject({ code: "secret-incomplete" });
    await deleteSecret(client, "deployed");
    await expect(site.deploy()).rejects.toMatchObject({ code: "secret-missing" });
    await client.cpClient.secretGetOrCreate({
      deploymentName: "modal-gha-deployed",
      objectCreationType: 1,
      envDict: {},
    });
    await expect(site.deploy()).rejects.toMatchObject({ code: "not-ours" });
    expect(await client.apps.fromName(app).catch((error: Error) => error.name)).toBe("NotFoundError");
  });

  it.concurrent("leaves an App alone that has its name and not its mark", async (context) => {
    const site = await siteWith([bin], context);
    const { appId } = await site.access.client.apps.fromName(app, { createIfMissing: true });
    await expect(site.deploy()).rejects.toMatchObject({ code: "not-ours" });
    expect((await site.access.client.cpClient.appGetLayout({ appId })).appLayout?.functionIds).toEqual({});
  });
});
