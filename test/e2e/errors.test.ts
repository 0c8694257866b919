// What goes wrong for every command alike: each must say its own clear error, end with the right code, and give nothing
// away. The commands of one table run at once, against one fleet: they only look at it, and most of their time is waiting.
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openModal } from "../../src/lib/modal/client.ts";
import { packageFile } from "../../src/lib/package-root.ts";
import { type Rehearsal, startRehearsal } from "../../src/lib/rehearsal/rehearsal.ts";
import { nowhere, run } from "./cli.ts";
import { type CommandLine, commandLines, hasJson, withJson } from "./command-lines.ts";

let scratch: string;
let fleet: Rehearsal;
let secrets: string[];

const all = commandLines();
const those = (who: "github" | "modal", dependence: string) =>
  all.filter((line) => line[who] === dependence).map((line) => [line.id, line] as const);

/** Their failures are their result, or have tests of their own. */
const byThemselves = ["config diff", "demo", "deploy", "dev", "dev env", "doctor", "init"];

const validate = new Ajv2020({ strict: true }).compile(
  JSON.parse(readFileSync(packageFile("schemas", "error.json"), "utf8")),
);

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "errors-test-"));
  fleet = await startRehearsal({
    repositoryDirectory: packageFile("templates", "sample-repository"),
    repository: "sample",
  });
  // So that there is something to tell of.
  await fleet.github.trigger({ repository: "sample", event: "workflow_dispatch" });
  await fleet.github.settled();
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const wrongKey = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
  writeFileSync(join(scratch, "wrong.pem"), wrongKey, { mode: 0o600 });
  secrets = [
    ...["GITHUB_TOKEN", "MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET", "MODAL_GHA_WEBHOOK_SECRET"].map(
      (name) => fleet.env[name] ?? "",
    ),
    ...readFileSync(fleet.privateKeyFile, "utf8").split("\n").slice(1, 3),
    ...wrongKey.split("\n").slice(1, 3),
    "ghp_wrong0123456789abcdefghijklmnopqrst",
    "as-wrong0123456789abcd",
    "hunter22",
  ].filter((text) => text !== "");
  expect(secrets.length).toBeGreaterThan(8);
});
afterAll(async () => {
  await fleet.close();
  rmSync(scratch, { recursive: true, force: true });
});

/** @param changes undefined takes a variable away */
function environment(changes: Record<string, string | undefined> = {}): Record<string, string> {
  const env = { ...fleet.env, HOME: scratch, XDG_CONFIG_HOME: scratch, XDG_STATE_HOME: scratch, ...changes };
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

interface Failure {
  exit: number;
  code: string | RegExp;
  message?: string | RegExp;
}

/** Runs it, for programs and for people, and expects the same failure of both. */
async function fails(line: CommandLine, env: Record<string, string>, wanted: Failure, more: string[] = []) {
  const plain = [...line.id.split(" "), ...more, ...line.args];
  const [json, text] = await Promise.all([
    run(withJson({ ...line, args: [...more, ...line.args] }), env),
    run(plain, env),
  ]);
  for (const { code, stderr, stdout } of [json, text]) {
    expect(code, stderr + stdout).toBe(wanted.exit);
    for (const secret of secrets) expect(stdout + stderr).not.toContain(secret);
    // A stack, or what oclif hangs on its errors.
    expect(stdout + stderr).not.toMatch(/\n\s+at |oclif|pluginName|"argv"/);
  }
  expect(text.stdout).toBe("");
  expect(text.stderr).toMatch(/(^|\n)Error: \S.*\.?/);
  if (!hasJson(line.id)) return;
  const printed = JSON.parse(json.stdout);
  expect(validate(printed), JSON.stringify(printed)).toBe(true);
  const { code, message, why, nextSteps } = printed.error;
  // `destroy` tells first that nothing was removed, then why.
  if (code !== "not-listed") expect(code).toMatch(wanted.code);
  if (wanted.message !== undefined) expect(`${message} ${why}`).toMatch(wanted.message);
  expect(nextSteps, "what to type next").not.toEqual([]);
  expect(text.stderr).toContain(message);
}

describe("a policy of a fleet that Modal does not have ends with 1, and leaves no App behind:", () => {
  const others = [...byThemselves, "image build", "image ls", "destroy"];
  const ofFleet = all.filter(({ id, modal }) => modal === "needs" && !others.includes(id));

  it.each(ofFleet.map((line) => [line.id, line] as const))("%s", async (_, line) => {
    const policyFile = join(scratch, "mistyped.yaml");
    const policy = readFileSync(fleet.env["MODAL_GHA_POLICY"] as string, "utf8");
    writeFileSync(policyFile, policy.replace(/^fleet: .*$/m, "fleet: mistyped"));
    const env = environment({ MODAL_GHA_POLICY: policyFile });
    await fails(line, env, { exit: 1, code: "no-fleet", message: "no fleet mistyped at Modal" });
    const { tokenId, tokenSecret } = fleet.modal;
    const { client, close } = await openModal({ tokenId, tokenSecret });
    try {
      await expect(client.apps.fromName("modal-gha-mistyped")).rejects.toThrow("not found");
    } finally {
      close();
    }
  });
});

describe("a wrong command line ends with 2:", () => {
  it.concurrent.each(all.map((line) => [line.id, line] as const))(
    "%s with a flag that there is not",
    async (_, line) => {
      await fails(line, environment(), { exit: 2, code: "usage", message: "--hunter-flag" }, ["--hunter-flag"]);
    },
  );

  const required = all.filter(({ id }) => ["config set", "logs", "runners shell", "spawn"].includes(id));
  it.concurrent.each(required.map((line) => [line.id, line] as const))("%s without what it needs", async (_, line) => {
    await fails({ ...line, args: [] }, environment(), { exit: 2, code: "usage", message: /[Mm]issing/ });
  });

  it.concurrent.each([
    ["runners ls", ["--state", "hunter2"]],
    ["usage", ["--by", "hunter2"]],
    ["usage", ["--since", "hunter2"]],
    ["logs", ["12345", "--since", "yesteryear"]],
    ["deliveries ls", ["--since", "soon"]],
    ["deliveries ls", ["--limit", "none"]],
    ["runners kill", ["--idle", "--yes", "--grace", "long"]],
    ["runners kill", []],
    ["deliveries redeliver", []],
    ["destroy", ["--timeout", "never"]],
    ["image build", ["--runner-sha256", "0"]],
    ["logs", ["no job at all"]],
    ["spawn", ["--job", "no job at all"]],
    ["config get", ["nothing"]],
    ["config set", ["githubAppId", "hunter"]],
    ["runners ls", ["surplus"]],
  ])("%s %j", async (id, args) => {
    const line = all.find((each) => each.id === id) as CommandLine;
    await fails({ ...line, args }, environment(), { exit: 2, code: "usage" });
  });
});

describe("a fleet that is not there is told of:", () => {
  const ofFleet = all.filter(({ github, modal }) => github !== "ignores" || modal !== "ignores");
  const named = [...ofFleet.map(({ id }) => id), "config get", "config validate", "config diff"];

  it.concurrent.each(ofFleet.map((line) => [line.id, line] as const))("%s without a policy", async (_, line) => {
    const env = environment({ MODAL_GHA_POLICY: join(scratch, "none.yaml") });
    await fails(line, env, { exit: 1, code: "no-policy", message: "none.yaml" });
  });

  it.concurrent.each(named.map((id) => [id]))("%s --fleet of a name that is not stored", async (id) => {
    const line = all.find((each) => each.id === id) as CommandLine;
    const wanted = { exit: 2, code: "no-such-fleet", message: 'no fleet "other"' };
    await fails(line, environment(), wanted, ["--fleet", "other"]);
  });
});

describe("GitHub's failures end every command that needs it:", () => {
  it.concurrent.each(those("github", "needs"))("%s without credentials", async (_, line) => {
    const env = environment({ MODAL_GHA_APP_ID: undefined, GITHUB_TOKEN: undefined });
    await fails(line, env, { exit: 4, code: "github-credentials", message: "There are no credentials for GitHub." });
  });

  it.concurrent.each(those("github", "needs"))("%s with the key of another App", async (_, line) => {
    const env = environment({ MODAL_GHA_PRIVATE_KEY_FILE: join(scratch, "wrong.pem") });
    await fails(line, env, { exit: 4, code: "github-unauthenticated", message: /GitHub/ });
  });

  it.concurrent.each(those("github", "needs"))("%s with a token that is over", async (_, line) => {
    const env = environment({
      ...{ MODAL_GHA_APP_ID: undefined, GITHUB_TOKEN: undefined },
      MODAL_GHA_GITHUB_TOKEN: "ghp_wrong0123456789abcdefghijklmnopqrst",
    });
    await fails(line, env, { exit: 4, code: "github-unauthenticated", message: /GitHub/ });
  });

  it.concurrent.each(those("github", "needs"))("%s when it cannot be reached", async (_, line) => {
    const env = environment({ GITHUB_API_URL: nowhere });
    await fails(line, env, { exit: 1, code: /^(network|github-unavailable)$/, message: /GitHub|127\.0\.0\.1/ });
  });
});

describe("Modal's failures end every command that needs it:", () => {
  it.concurrent.each(those("modal", "needs"))("%s without credentials", async (_, line) => {
    const env = environment({ MODAL_TOKEN_ID: undefined, MODAL_TOKEN_SECRET: undefined });
    await fails(line, env, { exit: 4, code: "modal-unauthenticated", message: "There are no credentials for Modal." });
  });

  it.concurrent.each(those("modal", "needs"))("%s with a token that is over", async (_, line) => {
    const env = environment({ MODAL_TOKEN_SECRET: "as-wrong0123456789abcd" });
    await fails(line, env, { exit: 4, code: "modal-unauthenticated", message: /Modal/ });
  });

  it.concurrent.each(those("modal", "needs"))("%s when it cannot be reached", async (_, line) => {
    const env = environment({ MODAL_SERVER_URL: nowhere });
    if (line.outlivesModal !== undefined) {
      const [job] = fleet.github.state().jobs;
      const args = line.args.map((arg) => (arg === "12345" ? String(job?.id) : arg));
      const { code, stdout, stderr } = await run([...line.id.split(" "), ...args], env);
      expect([code, stdout], stderr).toEqual([line.outlivesModal, expect.stringMatching(/\S/)]);
      expect(stdout + stderr).toMatch(/not read.*Modal could not be reached/is);
      return;
    }
    await fails(line, env, { exit: 1, code: /^modal-(unreachable|unavailable)$/, message: /Modal/ });
  });
});

describe("what a command does not need, it does without:", () => {
  const withoutGitHub = { MODAL_GHA_APP_ID: undefined, GITHUB_TOKEN: undefined };
  const withoutModal = { MODAL_TOKEN_ID: undefined, MODAL_TOKEN_SECRET: undefined };

  it.concurrent.each([...those("github", "uses"), ...those("github", "ignores")])(
    "%s without GitHub",
    async (id, line) => {
      expect(line.why, `why ${id} does without GitHub`).toBeTruthy();
      if (byThemselves.includes(id)) return;
      const env = environment({ ...withoutGitHub, GITHUB_API_URL: nowhere });
      const { code, stderr } = await run(withJson(line), env);
      expect(code, stderr).toBe(0);
    },
  );

  it.concurrent.each(those("modal", "ignores"))("%s without Modal", async (id, line) => {
    expect(line.why, `why ${id} does without Modal`).toBeTruthy();
    // Told of a delivery that there is not: GitHub was asked.
    const wanted = id === "deliveries redeliver" ? 1 : 0;
    if (byThemselves.includes(id)) return;
    const { code, stderr } = await run(withJson(line), environment({ ...withoutModal, MODAL_SERVER_URL: nowhere }));
    expect(code, stderr).toBe(wanted);
  });

  it("config diff asks the controller alone, and tells how that failed", async () => {
    const line = all.find(({ id }) => id === "config diff") as CommandLine;
    await fails(line, environment({ MODAL_GHA_WEBHOOK_URL: undefined }), { exit: 1, code: "no-controller" });
    const withoutSecret = { MODAL_GHA_WEBHOOK_SECRET: undefined, MODAL_GHA_WEBHOOK_URL: `${nowhere}/webhook` };
    await fails(line, environment(withoutSecret), { exit: 1, code: "controller-refused" });
    await fails(line, environment({ MODAL_GHA_WEBHOOK_SECRET: "hunter22" }), { exit: 4, code: "controller-refused" });
    await fails(line, environment({ MODAL_GHA_WEBHOOK_URL: `${nowhere}/webhook` }), { exit: 1, code: "network" });
    const { code, stderr } = await run(["config", "diff"], environment({ ...withoutGitHub, ...withoutModal }));
    expect(code, stderr).toBe(0);
  });

  it("dev env says that no dev runs", async () => {
    const line = all.find(({ id }) => id === "dev env") as CommandLine;
    await fails(line, environment(), { exit: 1, code: "no-dev" });
  });
});
