// What goes wrong while a fleet is set up: `init` says what happened and what to do, with the right exit code, makes
// nothing that it should not, and goes on once it is mended. Each has a GitHub and a Modal of its own, so many run at once.

import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { setHook } from "../../../src/lib/github/setup/app.ts";
import { appOctokitOf } from "../../lib/emulator/github/harness.ts";
import { accessOf } from "../../lib/github/setup/support.ts";
import type { Run } from "../cli.ts";
import { bin, isWriting, runJob, type Site, type SiteOptions, siteFor, siteWith, statesOf } from "./site.ts";

const owner = ["--owner", "acme"];

/** That it failed with the code, in these words, and said what to do. */
function expectFailure(run: Run, code: number, words: RegExp): void {
  expect(run, run.stderr).toMatchObject({ code, stdout: "" });
  expect(run.stderr).toMatch(words);
  expect(run.stderr).toMatch(/\nNext:\n {2}\S/);
}

interface Fault {
  what: string;
  options?: SiteOptions;
  prepare?(site: Site): Promise<unknown> | unknown;
  args?(site: Site): string[];
  env?(site: Site): Record<string, string>;
  code: number;
  words: RegExp;
}

const early: Fault[] = [
  {
    what: "a wrong Modal token",
    env: () => ({ MODAL_TOKEN_SECRET: "as-wrong" }),
    code: 4,
    words: /Modal did not accept the credentials/,
  },
  {
    what: "no Modal token at all",
    env: () => ({ MODAL_TOKEN_ID: "", MODAL_TOKEN_SECRET: "" }),
    code: 4,
    words: /no credentials for Modal/,
  },
  {
    what: "a Modal that cannot be reached",
    env: () => ({ MODAL_SERVER_URL: "http://127.0.0.1:9" }),
    code: 1,
    words: /Modal could not be reached/,
  },
  {
    what: "a GitHub that cannot be reached",
    // A port that fetch asks, other than 9, and that is never handed out.
    env: () => ({ GITHUB_API_URL: "http://127.0.0.1:2" }),
    code: 1,
    words: /Could not reach 127\.0\.0\.1/,
  },
  { what: "no owner", args: () => [], code: 2, words: /nothing says whose jobs are to be run[\s\S]*--owner/ },
  {
    what: "an owner that GitHub does not have",
    args: () => ["--owner", "nobody"],
    code: 1,
    words: /GitHub has no organisation or user nobody/,
  },
  {
    what: "the scope of an organisation for a person",
    options: { ownerType: "User" },
    args: (site) => [...owner, "--scope", "organization", ...site.app],
    code: 2,
    words: /a person's account[\s\S]*--scope repository/,
  },
  {
    what: "a pool that cannot be",
    args: (site) => [...owner, "--pool", "H1000", ...site.app],
    code: 2,
    words: /no pool "H1000"[\s\S]*H100/i,
  },
  {
    what: "an App that GitHub does not have",
    args: (site) => [...owner, "--app-id", "1", "--private-key-file", site.privateKeyFile],
    code: 4,
    words: /no App with the id 1/,
  },
  {
    what: "a key that is not there",
    args: (site) => [...owner, "--app-id", "1", "--private-key-file", join(site.folder, "none.pem")],
    code: 4,
    words: /none\.pem cannot be read/,
  },
  {
    what: "a key without an App",
    args: (site) => [...owner, "--private-key-file", site.privateKeyFile],
    code: 2,
    words: /nothing says of which App it is[\s\S]*--app-id/,
  },
  {
    what: "a policy with a fault",
    prepare: (site) => writeFileSync(site.policyFile, "fleet: acme\ngithub: { owner: acme }\npools: []\n"),
    code: 1,
    words: /modal-gha\.yaml:3:1 pools: a policy needs at least one pool/,
  },
  {
    what: "a policy of another owner",
    prepare: (site) =>
      writeFileSync(site.policyFile, "fleet: x\ngithub: { owner: other }\npools: [{ name: cpu, labels: [modal] }]\n"),
    code: 2,
    words: /says other, and --owner says acme/,
  },
  {
    what: "a file of answers with one that there is not",
    prepare: (site) => writeFileSync(join(site.folder, "answers.yaml"), "ownr: acme\nport: many\n"),
    args: () => ["--config", "answers.yaml"],
    code: 2,
    words: /port: .*number[\s\S]*there is no answer "ownr"; did you mean owner\?/,
  },
  {
    what: "no token",
    args: () => [...owner, "--auth", "pat"],
    env: () => ({ GITHUB_TOKEN: "" }),
    code: 4,
    words: /There is no token for GitHub[\s\S]*MODAL_GHA_GITHUB_TOKEN/,
  },
  {
    what: "a token that GitHub refuses",
    args: () => [...owner, "--auth", "pat"],
    env: () => ({ GITHUB_TOKEN: "ghp_wrongwrongwrongwrongwrong" }),
    code: 4,
    words: /GitHub does not accept the token/,
  },
  {
    what: "an image that cannot be built",
    options: {
      modal: {
        failImageBuild: (layer) => (/actions-runner/.test(JSON.stringify(layer)) ? "no space left" : undefined),
      },
    },
    code: 1,
    words: /The image could not be built[\s\S]*no space left[\s\S]*--no-image/,
  },
];

describe("init", () => {
  it.concurrent.for(early)(
    "with $what says so, and makes nothing of it",
    async ({ options, prepare, args, env, code, words }, context) => {
      const site = await siteFor(context, options);
      await prepare?.(site);
      const run = await site.init(args?.(site) ?? [...owner, ...site.app], env?.(site));
      expectFailure(run, code, words);
      const written = site.calls.filter(isWriting).map(({ name }) => name);
      expect(written.filter((name) => !/^(ImageGetOrCreate|AppSetTags|EnvironmentGetOrCreate)$/.test(name))).toEqual(
        [],
      );
      expect(existsSync(join(site.home, ".config", "modal-gha", "config.json"))).toBe(false);
    },
  );

  it("under --json tells a failure as JSON alone", async () => {
    const site = await siteWith();
    const run = await site.init([...owner, "--json"], { MODAL_TOKEN_SECRET: "as-wrong" });
    expect(run.code).toBe(4);
    expect(JSON.parse(run.stdout)).toMatchObject({
      error: { code: "modal-unauthenticated", nextSteps: expect.arrayContaining(["modal token new"]) },
    });
  });
});

describe.runIf(bin !== undefined)("init with an App", { timeout: 600_000 }, () => {
  it.concurrent("that is not installed says where to install it, and goes on once it is", async (context) => {
    const site = await siteFor(context);
    const { github } = site;
    const octokit = appOctokitOf(github);
    await octokit.request("DELETE /app/installations/{installation_id}", {
      installation_id: github.app.installationId,
    });
    const run = await site.init([...owner, ...site.app]);
    expectFailure(run, 1, /is not installed on acme/);
    const page = `${github.url}/apps/${github.app.slug}/installations/new`;
    expect(run.stderr).toContain(page);

    // It waits where it is told to, and goes on by itself.
    const waiting = site.start(["init", "--no-input", "--wait", "5m", "--json"]);
    await waiting.untilStderr(/Waiting for that, 5m at most/);
    await fetch(page, { method: "POST" });
    expect(statesOf(await waiting.ended)).toMatchObject({ installation: "made", verification: "done" });
    expect(await runJob(site)).toEqual(["success"]);
  });

  it.concurrent("whose installation is suspended says where to mend that", async (context) => {
    const site = await siteFor(context);
    const { github } = site;
    const parameters = { installation_id: github.app.installationId };
    const octokit = appOctokitOf(github);
    await octokit.request("PUT /app/installations/{installation_id}/suspended", parameters);
    const run = await site.init([...owner, ...site.app]);
    expectFailure(run, 1, /installation on acme is suspended[\s\S]*Unsuspend it: http/);
    await octokit.request("DELETE /app/installations/{installation_id}/suspended", parameters);
    expect((await site.init([])).code).toBe(0);
  });

  it.concurrent("that lacks a permission names it, and whether the App or the account has to give it", async (context) => {
    const site = await siteFor(context, { github: { app: { permissions: { actions: "read", metadata: "read" } } } });
    const args = [...owner, ...site.app];
    const lacking = await site.init(args);
    expectFailure(lacking, 4, /lacks organization_self_hosted_runners: write[\s\S]*Permissions & events/);
    const page = `/organizations/acme/settings/apps/${site.github.app.slug}/permissions`;
    expect(lacking.stderr).toContain(`: ${site.github.url}${page}`);
    // The page is the same wherever runners are registered.
    writeFileSync(site.policyFile, readFileSync(site.policyFile, "utf8").replace("scope: org", "scope: repository #"));
    const other = await site.init(args);
    expectFailure(other, 4, /lacks administration: write/);
    expect(other.stderr).toContain(`: ${site.github.url}${page}`);
    writeFileSync(site.policyFile, readFileSync(site.policyFile, "utf8").replace("scope: repository #", "scope: org"));
    site.github.changeApp({ permissions: { actions: "read", organization_self_hosted_runners: "write" } });
    expectFailure(
      await site.init(args),
      4,
      /lacks organization_self_hosted_runners: write[\s\S]*has not accepted that yet/,
    );
    site.github.acceptPermissions();
    expect((await site.init(args)).code).toBe(0);
    expect(await runJob(site)).toEqual(["success"]);
  });

  it.concurrent("whose webhook goes elsewhere leaves it alone unless it is told to take it", async (context) => {
    const site = await siteFor(context);
    site.github.setWebhookUrl("http://127.0.0.1:9/webhook");
    const args = [...owner, ...site.app];
    expectFailure(await site.init(args), 1, /goes elsewhere[\s\S]*127\.0\.0\.1:9[\s\S]*--take-webhook/);
    expect(site.calls.filter(({ name }) => name.startsWith("PATCH "))).toEqual([]);
    expect((await site.init([...args, "--take-webhook"])).code).toBe(0);
    expect(await runJob(site)).toEqual(["success"]);
  });

  it.concurrent("whose secret somebody changed mends both sides", async (context) => {
    const site = await siteFor(context);
    expect((await site.init([...owner, ...site.app])).code).toBe(0);
    expect(await runJob(site)).toEqual(["success"]);
    const { url } = (await appOctokitOf(site.github).request("GET /app/hook/config")).data;
    await setHook(accessOf(site.github), { url: url as string, secret: "another" });
    const run = await site.init(["--json"]);
    expect(statesOf(run)).toMatchObject({ controller: "unchanged", secrets: "made", webhook: "made" });
    expect(run.stderr).toMatch(/another webhook secret than GitHub[\s\S]*Both sides get new ones/);
    expect(await runJob(site)).toEqual(["success", "success"]);
  });

  it.concurrent("whose controller cannot do its work says so in the controller's own words", async (context) => {
    const site = await siteFor(context);
    const own = { MODAL_GHA_MODAL_TOKEN_ID: "ak-wrong", MODAL_GHA_MODAL_TOKEN_SECRET: "as-wrong" };
    const run = await site.init([...owner, ...site.app], own);
    expectFailure(run, 1, /cannot look after its fleet\.\n.*wrong token ID or token secret[\s\S]*--rotate/);
    // Nothing passes for finished that was never seen to work.
    expectFailure(await site.init([]), 1, /cannot look after its fleet/);
    const mended = await site.init(["--rotate", "--json"]);
    expect(statesOf(mended)).toMatchObject({ secrets: "made", verification: "done" });
    expect(site.secret.get("MODAL_GHA_MODAL_TOKEN_SECRET")).toBe(site.modal.tokenSecret);
    expect(await runJob(site)).toEqual(["success"]);
  });

  it.concurrent("whose key was replaced at GitHub gives the controller the new one", async (context) => {
    const site = await siteFor(context);
    expect((await site.init([...owner, ...site.app])).code).toBe(0);
    const key = await site.github.replaceAppKey();
    const file = join(site.folder, "new.pem");
    writeFileSync(file, key, { mode: 0o600 });
    // Containers that come now have what is in the Secret.
    expect((await site.start(["deploy"]).ended).code).toBe(0);
    const run = await site.init(["--app-id", String(site.github.app.id), "--private-key-file", file, "--json"]);
    expect(statesOf(run)).toMatchObject({ controller: "unchanged", secrets: "made", verification: "done" });
    expect(run.stderr).toContain("does not get through to GitHub and Modal");
    expect(site.secret.get("MODAL_GHA_PRIVATE_KEY")).toBe(key);
    expect(await runJob(site)).toEqual(["success"]);
  });

  it.concurrent("whose controller's Modal token was revoked is no fleet that works; --rotate puts another in its place", async (context) => {
    const site = await siteFor(context);
    expect((await site.init([...owner, ...site.app])).code).toBe(0);
    const revoked = { MODAL_GHA_MODAL_TOKEN_ID: "ak-gone", MODAL_GHA_MODAL_TOKEN_SECRET: "as-gone" };
    expect((await site.start(["deploy", "--update-secret"], revoked).ended).code).toBe(0);
    expectFailure(await site.init([]), 1, /cannot look after its fleet\.\n.*wrong token ID[\s\S]*--rotate/);
    expect((await site.init(["--rotate"])).code).toBe(0);
    expect(site.secret.get("MODAL_GHA_MODAL_TOKEN_SECRET")).toBe(site.modal.tokenSecret);
    expect(await runJob(site)).toEqual(["success"]);
  });

  it.concurrent("keeps the controller's own Modal token when its secrets are put in place anew, or that is refused", async (context) => {
    const site = await siteFor(context);
    expect((await site.init([...owner, ...site.app])).code).toBe(0);
    site.calls.length = 0;
    expect((await site.init(["--rotate"])).code).toBe(0);
    const given = () => site.calls.filter(({ text }) => text.includes(site.modal.tokenSecret)).map(({ name }) => name);
    expect(given()).toEqual([]);
    const own = { MODAL_GHA_MODAL_TOKEN_ID: site.modal.tokenId, MODAL_GHA_MODAL_TOKEN_SECRET: site.modal.tokenSecret };
    site.github.setWebhookUrl("http://127.0.0.1:9/webhook");
    expectFailure(await site.init(["--rotate"], own), 1, /goes elsewhere/);
    expect(given()).toEqual([]);
    expect((await site.init(["--rotate", "--take-webhook"], own)).code).toBe(0);
    expect(given()).toEqual(["SecretUpdate"]);
  });

  it("leaves a Secret alone that it did not make", async () => {
    const site = await siteWith();
    const { connectModal } = await import("../../../src/lib/modal/client.ts");
    Object.assign(process.env, site.modal.environment());
    const { client, close } = await connectModal({ fleet: "acme", createIfMissing: true });
    onTestFinished(close);
    const values = { deploymentName: "modal-gha-acme", objectCreationType: 1 as const, envDict: { THEIRS: "1" } };
    await client.cpClient.secretGetOrCreate(values);
    site.calls.length = 0;
    expectFailure(
      await site.init([...owner, ...site.app]),
      1,
      /a Secret modal-gha-acme at Modal that modal-gha did not make/,
    );
    expect(site.calls.filter(isWriting)).toEqual([]);
  });
});

describe.runIf(bin !== undefined)("init --create-app", { timeout: 600_000 }, () => {
  const create = [...owner, "--create-app", "--no-browser"];

  it("says that its port is in use, and by what flag to take another", async () => {
    const site = await siteWith();
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    expectFailure(await site.init([...create, "--port", String(port)]), 1, new RegExp(`Port ${port} .* is in use`));
  });

  it("says what may have happened when GitHub refuses the App, and how to make it by hand", async () => {
    const site = await siteWith({ github: { refuseLoopbackHooks: true } });
    const run = await site.init([...create, "--wait", "1s"]);
    expectFailure(run, 1, /No GitHub App was created[\s\S]*settings\/apps\/new\?/);
    expect(site.secret.has("MODAL_GHA_APP_ID")).toBe(false);
  });
});
