import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAppAuth } from "@octokit/auth-app";
import { Octokit } from "@octokit/rest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packageFile } from "../../src/lib/package-root.ts";
import type { DevAnnouncement } from "../../src/lib/rehearsal/dev-registry.ts";
import { processesWith, type Run, type RunningCli, run, start, until } from "./cli.ts";

let scratch: string;
let home: Record<string, string>;
let dev: RunningCli;
let announced: DevAnnouncement;
let octokit: Octokit;

/** Runs a command as in another terminal, after `eval "$(modal-gha dev env)"`. */
function cli(...args: string[]): RunningCli {
  return start(args, { ...home, ...announced.env });
}

const workflow = `
on:
  workflow_dispatch:
    inputs:
      gate: { required: true }
      label: { default: modal }
jobs:
  wait:
    runs-on: "\${{ inputs.label }}"
    steps:
      - name: Before
        run: echo "first line"; echo "$GITHUB_RUN_ID is the run"
      - name: Gate
        run: until [ -e "\${{ inputs.gate }}" ]; do sleep 0.05; done
      - name: After
        run: echo "last line"
`;

/** Dispatches the workflow; its job stays at its gate until the file is there. @returns the job's id */
async function dispatch(gate: string, label = "modal"): Promise<number> {
  const repository = { owner: announced.owner, repo: announced.repository };
  const before = (await octokit.rest.actions.listWorkflowRunsForRepo(repository)).data.total_count;
  const inputs = { gate: join(scratch, gate), label };
  await octokit.rest.actions.createWorkflowDispatch({ ...repository, workflow_id: "wait.yml", ref: "main", inputs });
  const runs = (await octokit.rest.actions.listWorkflowRunsForRepo(repository)).data;
  expect(runs.total_count).toBe(before + 1);
  const run_id = runs.workflow_runs[0]?.id as number;
  const { jobs } = (await octokit.rest.actions.listJobsForWorkflowRun({ ...repository, run_id })).data;
  return jobs[0]?.id as number;
}

function open(gate: string): void {
  writeFileSync(join(scratch, gate), "");
}

async function job(job_id: number) {
  const repository = { owner: announced.owner, repo: announced.repository };
  return (await octokit.rest.actions.getJobForWorkflowRun({ ...repository, job_id })).data;
}

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "dev-test-"));
  const repository = join(scratch, "app");
  mkdirSync(join(repository, ".github", "workflows"), { recursive: true });
  writeFileSync(join(repository, ".github", "workflows", "wait.yml"), workflow);
  home = {
    TMPDIR: scratch,
    HOME: scratch,
    XDG_STATE_HOME: join(scratch, "state"),
    XDG_CONFIG_HOME: join(scratch, "config"),
  };
  dev = start(["dev", repository, "--json"], home);
  announced = JSON.parse(await dev.untilStdout(/\n/)) as DevAnnouncement;
  octokit = new Octokit({ baseUrl: announced.githubUrl, auth: announced.env["GITHUB_TOKEN"] });
});

afterAll(async () => {
  dev.child.kill("SIGINT");
  const { code } = await dev.ended;
  expect(code).toBe(130);
  expect(readdirSync(scratch).filter((name) => name.startsWith("modal-gha-"))).toEqual([]);
  expect(readdirSync(join(scratch, "state", "modal-gha", "dev"))).toEqual([]);
  expect(processesWith(scratch)).toEqual([]);
  rmSync(scratch, { recursive: true, force: true });
});

describe("modal-gha dev", () => {
  it("--json prints one line with every address", () => {
    expect(dev.stdout().trim().split("\n")).toHaveLength(1);
    expect(Object.keys(announced)).toEqual([
      "githubUrl",
      "modalUrl",
      "webhookUrl",
      "webhookSecret",
      "owner",
      "repository",
      "appId",
      "privateKeyFile",
      "env",
    ]);
    expect(announced).toMatchObject({ owner: "acme", repository: "app" });
    expect(statSync(announced.privateKeyFile).mode & 0o777).toBe(0o600);
  });

  it("env prints exports that a shell takes, and only when a dev runs", async () => {
    const { code, stdout } = await run(["dev", "env"], home);
    expect(code).toBe(0);
    const exports = Object.fromEntries(
      stdout
        .trim()
        .split("\n")
        .map((line) => /^export (\w+)='(.*)'$/.exec(line)?.slice(1) ?? []),
    );
    expect(exports).toEqual(announced.env);
    const none = await run(["dev", "env"], { ...home, XDG_STATE_HOME: join(scratch, "elsewhere") });
    expect([none.code, none.stdout]).toEqual([1, ""]);
    expect(none.stderr).toContain("modal-gha dev");
  });

  it("leaves word of itself in a file that others cannot read", () => {
    const [file] = readdirSync(join(scratch, "state", "modal-gha", "dev"));
    expect(statSync(join(scratch, "state", "modal-gha", "dev", file as string)).mode & 0o777).toBe(0o600);
  });

  it("runners ls and logs -f show a job while it runs", async () => {
    const id = await dispatch("live");
    const logs = cli("logs", "-f", String(id));
    await logs.untilStdout(/first line/);
    expect((await job(id)).status).toBe("in_progress");
    expect(logs.stdout()).not.toContain("last line");

    const listed = JSON.parse((await cli("runners", "ls", "--json").ended).stdout) as { job: number; state: string }[];
    expect(listed).toMatchObject([{ job: id, state: "busy", pool: "cpu", repository: "acme/app" }]);
    const [plain] = (await cli("runners", "ls").ended).stdout.trim().split("\n");
    expect(plain?.split("\t").slice(1, 5)).toEqual(["busy", "cpu", String(id), "acme/app"]);

    open("live");
    const { code, stdout } = await logs.ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/first line\n[\s\S]*last line\n/);
    expect(stdout).toContain("▸ Gate");
  });

  it("logs of a finished job are the same by id, runner name, URL, and as events", async () => {
    const id = await dispatch("done");
    open("done");
    const finished = await until("the job is over", async () => {
      const now = await job(id);
      return now.status === "completed" ? now : undefined;
    });
    await until("its Sandbox is gone", async () => (await cli("runners", "ls", "--json").ended).stdout.trim() === "[]");
    const references = [
      String(id),
      finished.runner_name ?? "",
      `https://github.com/acme/app/actions/runs/${finished.run_id}/job/${id}`,
    ];
    const outputs: Run[] = await Promise.all(references.map((reference) => cli("logs", reference).ended));
    for (const { code, stdout, stderr } of outputs) {
      expect(code, stderr).toBe(0);
      expect(stdout).toBe(outputs[0]?.stdout);
    }
    expect(outputs[0]?.stdout).toContain("last line");
    const lines = (await cli("logs", String(id), "--json").ended).stdout.trim().split("\n");
    const events = lines.map((line) => JSON.parse(line) as { event: string; text?: string; reason?: string });
    expect(events).toContainEqual({ job: id, event: "output", at: expect.any(String), text: "last line" });
    expect(events.at(-1)).toMatchObject({ event: "exit", reason: "job-completed", result: "Succeeded" });
  });

  it("spawn gives a runner to a job of which no webhook came", async () => {
    const privateKey = readFileSync(announced.privateKeyFile, "utf8");
    const auth = { appId: announced.appId, privateKey };
    const app = new Octokit({ baseUrl: announced.githubUrl, authStrategy: createAppAuth, auth });
    // Octokit's own method would take `url` for the address of the request.
    const pointHookAt = (url: string) => app.request("PATCH /app/hook/config", { data: { url } });
    await pointHookAt("http://127.0.0.1:9/nobody");
    try {
      const id = await dispatch("spawned");
      const pending = await cli("logs", String(id)).ended;
      expect(pending.code).toBe(8);
      const spawned = await cli("spawn", "--job", String(id), "--json").ended;
      expect(spawned.code, spawned.stderr).toBe(0);
      expect(JSON.parse(spawned.stdout)).toMatchObject({ job: id, reason: "spawn", isProvided: true });
      const again = await cli("spawn", "--job", String(id)).ended;
      if (again.code === 0) expect(again.stdout).toContain("ignore:already-provisioned");
      else expect(again.stderr).toContain("does not wait for a runner");
      open("spawned");
      await until("the job is over", async () => (await job(id)).status === "completed");
      expect((await job(id)).conclusion).toBe("success");
    } finally {
      await pointHookAt(announced.webhookUrl as string);
    }
  });

  it("config diff compares a policy file with what the controller runs", async () => {
    const same = await cli("config", "diff", "--json").ended;
    expect([same.code, JSON.parse(same.stdout).differences]).toEqual([0, []]);
    const other = join(scratch, "other.yaml");
    const text = readFileSync(announced.env["MODAL_GHA_POLICY"] as string, "utf8");
    writeFileSync(other, text.replace("max-runners: 150", "max-runners: 7"));
    const differs = await cli("config", "diff", other).ended;
    expect([differs.code, differs.stdout]).toEqual([1, "pools[cpu].maxRunners\t7\t150\n"]);
    const withoutSecret = { ...home, ...announced.env, MODAL_GHA_WEBHOOK_SECRET: "" };
    const hashes = await start(["config", "diff", other, "--json"], withoutSecret).ended;
    const { localHash, deployedHash, differences } = JSON.parse(hashes.stdout);
    expect([hashes.code, differences, localHash === deployedHash]).toEqual([1, null, false]);
    const equal = await start(["config", "diff", "--json"], withoutSecret).ended;
    expect([equal.code, JSON.parse(equal.stdout).differences]).toEqual([0, []]);
    const stranger = await start(["config", "diff"], { ...home, ...announced.env, MODAL_GHA_WEBHOOK_SECRET: "wrong" })
      .ended;
    expect(stranger.code).toBe(4);
  });

  it("spawn says why a job gets no runner", async () => {
    const id = await dispatch("never", "no-such-label");
    const refused = await cli("spawn", "--job", String(id)).ended;
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain("ignore:no-pool-matches");
    const unknown = await cli("spawn", "--job", "4711").ended;
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain("There is no job 4711.");
    const nonsense = await cli("spawn", "--job", "what?").ended;
    expect(nonsense.code).toBe(2);
  });

  it("is enough for a plain script with the modal SDK, and one with Octokit", async () => {
    const script = join(packageFile(), "node_modules", ".cache", `plain-${process.pid}.mjs`);
    mkdirSync(join(packageFile(), "node_modules", ".cache"), { recursive: true });
    writeFileSync(
      script,
      `import { ModalClient } from "modal";
import { Octokit } from "@octokit/rest";
const modal = new ModalClient();
const app = await modal.apps.fromName("plain", { createIfMissing: true });
const sandbox = await modal.sandboxes.create(app, modal.images.fromRegistry("alpine"), { command: ["sleep", "60"] });
const listed = [];
for await (const one of modal.sandboxes.list({ appId: app.appId })) listed.push(one.sandboxId === sandbox.sandboxId);
await sandbox.terminate();
console.log(JSON.stringify({ listed, exit: await sandbox.wait() }));
const octokit = new Octokit({ baseUrl: process.env.GITHUB_API_URL, auth: process.env.GITHUB_TOKEN });
const runs = await octokit.rest.actions.listWorkflowRunsForRepo({ owner: "acme", repo: "app", status: "queued" });
console.log(JSON.stringify(runs.data.workflow_runs.map((run) => run.status)));
modal.close();
`,
    );
    try {
      const { spawnSync } = await import("node:child_process");
      const { stdout, stderr } = spawnSync(process.execPath, [script], {
        encoding: "utf8",
        env: { ...process.env, ...announced.env },
      });
      expect(stdout.trim().split("\n"), stderr).toEqual(['{"listed":[true],"exit":137}', '["queued"]']);
    } finally {
      rmSync(script);
    }
  });
});

describe("modal-gha dev --empty", () => {
  it("has GitHub and Modal, and nothing set up between them", async () => {
    const empty = start(["dev", "--empty", "--json"], home);
    const printed = JSON.parse(await empty.untilStdout(/\n/)) as DevAnnouncement;
    expect([printed.webhookUrl, printed.webhookSecret]).toEqual([null, null]);
    expect(Object.keys(printed.env).filter((name) => name.startsWith("MODAL_GHA_"))).toEqual([]);
    const auth = { appId: printed.appId, privateKey: readFileSync(printed.privateKeyFile, "utf8") };
    const app = new Octokit({ baseUrl: printed.githubUrl, authStrategy: createAppAuth, auth });
    const { data: hook } = await app.request("GET /app/hook/config");
    expect(hook.url).toBe("");
    const { data: installation } = await app.rest.apps.getOrgInstallation({ org: printed.owner });
    expect(installation.account).toMatchObject({ login: printed.owner });
    empty.child.kill("SIGINT");
    expect((await empty.ended).code).toBe(130);
    expect(existsSync(printed.privateKeyFile)).toBe(false);
  });
});

describe("a second dev", () => {
  it("killed, leaves no process after 5 seconds, and dev env does not name it any more", async () => {
    const own = { ...home, XDG_STATE_HOME: join(scratch, "second") };
    const second = start(["dev", "--json"], own);
    const { env } = JSON.parse(await second.untilStdout(/\n/)) as DevAnnouncement;
    const marks = () => processesWith(env["MODAL_GHA_POLICY"] as string).filter((pid) => pid !== second.pid);
    expect(marks().length).toBeGreaterThan(0);
    second.child.kill("SIGKILL");
    await second.ended;
    await until("no process is left", () => marks().length === 0);
    expect((await run(["dev", "env"], own)).code).toBe(1);
    expect(existsSync(env["MODAL_GHA_POLICY"] as string)).toBe(false);
  });
});
