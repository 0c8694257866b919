// Where the private key, the webhook's secret and the token are while a fleet is set up, and afterwards: in the Modal
// Secret, and the key in a file of its owner's alone. Everything that is written, started or sent is looked through.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { sandboxVariable } from "../../../src/lib/emulator/modal/environment.ts";
import { connectModal } from "../../../src/lib/modal/client.ts";
import { show, submit } from "../../lib/github/setup/support.ts";
import { until } from "../cli.ts";
import { bin, resultOf, type Site, siteWith } from "./site.ts";

/** Looks again and again at all processes of this machine, and at files that come and go. */
function watch(folder: string) {
  const commands = new Set<string>();
  const files = new Map<string, string>();
  const timer = setInterval(() => {
    for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
      const text = read(join("/proc", name, "cmdline"));
      if (text) commands.add(text);
    }
    for (const file of filesIn(folder)) {
      const text = read(file);
      if (text) files.set(file, text);
    }
  }, 25);
  onTestFinished(() => clearInterval(timer));
  return { commands, files };
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return undefined;
  }
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  } catch {
    // Something went away while it was looked at.
    return [];
  }
}

/** What an App's containers have written. */
async function logsOf(app: string): Promise<string> {
  const { client, close } = await connectModal({ fleet: "acme" });
  onTestFinished(close);
  const { appId } = await client.apps.fromName(app);
  const { batches } = await client.cpClient.appFetchLogs({ appId, limit: 10_000 });
  return batches.flatMap(({ items }) => items.map(({ data }) => data)).join("");
}

/** Runs a job, and looks into the processes of its Sandbox while it is under way. @returns their environments */
async function environmentsOfSandbox(site: Site): Promise<string> {
  await site.github.trigger({ repository: "app", event: "workflow_dispatch" });
  await until("the job's step runs", () => read(join(site.scratch, "step-environment")));
  const tasks = new Set(await site.modal.processes());
  const inSandbox = [...tasks].filter((pid) => read(`/proc/${pid}/environ`)?.includes(`${sandboxVariable}=`));
  expect(inSandbox.length).toBeGreaterThan(1);
  const texts = inSandbox.map((pid) => `${read(`/proc/${pid}/environ`)}${read(`/proc/${pid}/cmdline`)}`);
  writeFileSync(join(site.scratch, "gate"), "");
  await site.github.settled();
  expect(site.github.state().jobs).toMatchObject([{ conclusion: "success" }]);
  return `${texts.join("\n")}${read(join(site.scratch, "step-environment"))}`;
}

const script = (scratch: string) =>
  `env > "${scratch}/step-environment"; until [ -e "${scratch}/gate" ]; do sleep 0.05; done`;

/** Calls in which a secret went to GitHub or Modal. */
function callsWith(site: Site, secret: string): string[] {
  const escaped = JSON.stringify(secret).slice(1, -1);
  return [...new Set(site.calls.filter(({ text }) => text.includes(escaped)).map(({ name }) => name))].sort();
}

describe.runIf(bin !== undefined)("secrets", { timeout: 600_000 }, () => {
  it("of an App are in the Modal Secret and the key in a file of its owner's, and nowhere else", async () => {
    const lines: string[] = [];
    const log = (line: string) => lines.push(line);
    const site = await siteWith({ script, github: { log }, modal: { log } });
    Object.assign(process.env, site.modal.environment());
    const seen = watch(join(site.scratch, "tmp"));
    const flags = ["--owner", "acme", "--create-app", "--no-browser", "--wait", "10m", "--json"];
    const running = site.start(["init", "--no-input", ...flags]);
    const said = await running.untilStderr(/Open http\S+ in a browser/);
    const page = /Open (http\S+) in/.exec(said)?.[1] as string;
    await submit(await submit(await show(page)));
    const install = /Install the App: (\S+)/.exec(await running.untilStderr(/Install the App: \S+/))?.[1] as string;
    await fetch(install, { method: "POST" });
    resultOf(await running.ended);
    const [first, key] = ["WEBHOOK_SECRET", "PRIVATE_KEY"].map((name) => site.secret.get(`MODAL_GHA_${name}`) ?? "");
    // GitHub's own, and then one that we make.
    resultOf(await site.init(["--rotate", "--json"]));
    const second = site.secret.get("MODAL_GHA_WEBHOOK_SECRET") ?? "";
    expect(second).toMatch(/^[0-9a-f]{64}$/);
    const inSandbox = await environmentsOfSandbox(site);
    resultOf(await site.init(["--json"]));

    const keyLine = key?.split("\n")[5] as string;
    const secrets = [first as string, second, keyLine, site.modal.tokenSecret];
    for (const secret of secrets) expect(secret.length).toBeGreaterThan(16);
    const logs = await logsOf("modal-gha-acme.controller");
    expect(logs).toContain("listening");
    expect(seen.files.size).toBeGreaterThan(3);
    expect([...seen.commands].some((command) => command.includes("deploy\0"))).toBe(true);
    const texts = {
      "what was printed": site.printed.join("\n"),
      "logs of the services": lines.join("\n"),
      "the controller's log": logs,
      "command lines": [...seen.commands].join("\n"),
      "temporary files": [...seen.files.values()].join("\n"),
      "the Sandbox": inSandbox,
      "deliveries at GitHub": JSON.stringify(site.github.state().deliveries),
    };
    for (const [where, text] of Object.entries(texts)) {
      for (const secret of secrets) expect(text.includes(secret), where).toBe(false);
    }
    const keyFile = join(site.home, ".config", "modal-gha", "acme.private-key.pem");
    for (const file of [...filesIn(site.home), ...filesIn(site.folder)]) {
      const text = readFileSync(file, "latin1");
      expect(
        secrets.filter((secret) => text.includes(secret)),
        file,
      ).toEqual(file === keyFile ? [keyLine] : []);
    }
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);

    expect(callsWith(site, key ?? "")).toEqual(["SecretUpdate"]);
    expect(callsWith(site, first ?? "")).toEqual(["SecretUpdate"]);
    expect(callsWith(site, second)).toEqual(["PATCH /app/hook/config", "SecretUpdate"]);
    expect(callsWith(site, site.modal.tokenSecret)).toEqual(["SecretGetOrCreate"]);
  });

  it("of a token go to the Modal Secret alone, and the webhook's to GitHub besides", async () => {
    const lines: string[] = [];
    const log = (line: string) => lines.push(line);
    const site = await siteWith({ script, ownerType: "User", github: { log }, modal: { log } });
    Object.assign(process.env, site.modal.environment());
    const seen = watch(join(site.scratch, "tmp"));
    const flags = ["--auth", "pat", "--owner", "acme", "--repository", "acme/app", "--token-file", "-", "--json"];
    resultOf(await site.init(flags, { GITHUB_TOKEN: "" }, { input: `${site.github.token}\n` }));
    const webhookSecret = site.secret.get("MODAL_GHA_WEBHOOK_SECRET") ?? "";
    const secrets = [site.github.token, webhookSecret, site.modal.tokenSecret];
    const texts = {
      "what was printed": site.printed.join("\n"),
      "logs of the services": lines.join("\n"),
      "the Sandbox": await environmentsOfSandbox(site),
      "the controller's log": await logsOf("modal-gha-acme.controller"),
      "command lines": [...seen.commands].join("\n"),
      files:
        [...filesIn(site.home), ...filesIn(site.folder)].map(read).join("\n") + [...seen.files.values()].join("\n"),
    };
    for (const [where, text] of Object.entries(texts)) {
      for (const secret of secrets) expect(text.includes(secret), where).toBe(false);
    }
    expect(callsWith(site, site.github.token)).toEqual(["SecretUpdate"]);
    expect(callsWith(site, webhookSecret)).toEqual(["POST /repos/acme/app/hooks", "SecretUpdate"]);
  });
});
