// `runners` as an operator types it, against a whole fleet.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { KilledRunner } from "../../src/lib/operations/kill-runners.ts";
import type { ListedRunner } from "../../src/lib/operations/list-runners.ts";
import { type Rehearsal, startRehearsal } from "../../src/lib/rehearsal/rehearsal.ts";
import { run, until } from "./cli.ts";

const workflow = `
on:
  workflow_dispatch:
    inputs: { gate: { required: true }, label: { default: modal } }
jobs:
  wait:
    name: Wait at the gate
    runs-on: "\${{ inputs.label }}"
    steps:
      - run: echo started; until [ -e "\${{ inputs.gate }}" ]; do sleep 0.05; done
  quick:
    runs-on: modal
    steps: [{ run: echo quick }]
`;

let scratch: string;
let fleet: Rehearsal;
let gate = "";
let listCalls = 0;

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "runners-test-"));
  mkdirSync(join(scratch, "app", ".github", "workflows"), { recursive: true });
  writeFileSync(join(scratch, "app", ".github", "workflows", "wait.yml"), workflow);
  const ready = "on: workflow_dispatch\njobs: { one: { runs-on: ready, steps: [{ run: echo kept ready }] } }\n";
  writeFileSync(join(scratch, "app", ".github", "workflows", "ready.yml"), ready);
  const policyFile = join(scratch, "policy.yaml");
  const pools = `pools:
  - { name: cpu, labels: [modal], cpu: 2, memory: 4GiB }
  - { name: gpu, labels: [gpu-t4], gpu: T4, memory: 16GiB }
  - { name: ready, labels: [ready], min-idle: 1 }
`;
  writeFileSync(policyFile, `fleet: runners\ngithub: { owner: acme }\n${pools}`);
  fleet = await startRehearsal({
    repositoryDirectory: join(scratch, "app"),
    repository: "app",
    policyFile,
    reconcileSeconds: 1,
    modal: {
      intercept: async ({ method }) => {
        if (method === "SandboxListV2") listCalls++;
        return "proceed";
      },
    },
  });
});
afterAll(async () => {
  await fleet.close();
  rmSync(scratch, { recursive: true, force: true });
});

const cli = (...args: string[]) => run(["runners", ...args], fleet.env);
const list = async (...args: string[]) => JSON.parse((await cli("ls", "--json", ...args)).stdout) as ListedRunner[];
const jobOf = (id: number) => fleet.github.state().jobs.find((job) => job.id === id);

let gates = 0;
beforeEach(() => {
  gate = join(scratch, `gate-${++gates}`);
});
afterEach(async () => {
  writeFileSync(gate, "");
  await fleet.github.settled();
});

/** @returns the runner that stands at the gate */
async function startBusy(label = "modal"): Promise<ListedRunner> {
  const inputs = { gate, label };
  await fleet.github.trigger({ repository: "app", event: "workflow_dispatch", workflow: "wait.yml", inputs });
  return until("a job runs", async () => {
    const busy = await list("--state", "busy");
    // GitHub may have given the runner of this job the other one of the run, which is over in a moment.
    const runs = ({ job, runner }: ListedRunner) => jobOf(job)?.runner?.name === runner;
    return busy.find((runner) => jobOf(runner.job)?.name === "Wait at the gate" && runs(runner));
  });
}

async function idle(): Promise<ListedRunner> {
  return until("a runner waits", async () => (await list("--pool", "ready", "--state", "idle"))[0]);
}

describe("runners ls", () => {
  it("tells what a runner has, costs and waits for, and filters", async () => {
    const busy = await startBusy("gpu-t4");
    expect(busy).toMatchObject({ pool: "gpu", repository: "acme/app", resources: { gpu: "T4", memoryMiB: 16384 } });
    expect(busy.idleMs).toBeNull();
    // A T4, an eighth of a core by default or more, and 16 GiB: Modal's list prices by the hour.
    expect(busy.dollarsPerHour).toBeGreaterThan(0.9);
    const waiting = await idle();
    expect(waiting.idleMs).toBe(waiting.ageMs);
    expect((await list("--repo", "app")).map(({ runner }) => runner)).toContain(busy.runner);
    expect(await list("--repo", "acme/other")).toEqual([]);
    const { stdout } = await cli("ls", "--pool", "gpu");
    expect(stdout.trim().split("\t").slice(0, 3)).toEqual([busy.runner, "busy", "gpu"]);
    const mistyped = await cli("ls", "--pool", "gpus");
    expect(mistyped).toMatchObject({
      code: 0,
      stdout: "",
      stderr: expect.stringContaining("no pool gpus; it has cpu, gpu"),
    });
    const wrong = await cli("ls", "--state", "lazy");
    expect([wrong.code, wrong.stdout]).toEqual([2, ""]);
  });

  it("asks Modal once a page, and once more to learn that it was the last", async () => {
    const waiting = await idle();
    const rows = await until("a list without the controller's between", async () => {
      listCalls = 0;
      const { stdout } = await cli("ls");
      // The controller looks as well, once a second.
      return listCalls === 2 && stdout;
    });
    expect(rows).toContain(waiting.runner);
  });
});

describe("runners kill", () => {
  it("interrupts the job of a busy runner, and leaves the run's other jobs alone", async () => {
    const busy = await startBusy();
    const { code, stdout, stderr } = await cli("kill", busy.runner, "--yes", "--json");
    expect({ code, stdout, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`runs job ${busy.job} (Wait at the gate) of acme/app`),
    });
    const [killed] = JSON.parse(stdout) as KilledRunner[];
    const { runner, sandboxId, job } = busy;
    expect(killed).toEqual({ runner, sandboxId, job, result: "interrupted", detail: null });
    // Its runner has told GitHub by now; a Sandbox that just vanished would leave the job running.
    expect(jobOf(busy.job)?.status).toBe("completed");
    expect(jobOf(busy.job)?.conclusion).not.toBe("success");
    await fleet.github.settled();
    const { runId } = jobOf(busy.job) ?? {};
    const other = fleet.github.state().jobs.find((job) => job.runId === runId && job.name === "quick");
    expect(other?.conclusion).toBe("success");
    expect((await list()).map(({ runner }) => runner)).not.toContain(busy.runner);
  });

  it("--force kills at once, and GitHub knows the runner no more", async () => {
    const busy = await startBusy();
    const { code, stdout } = await cli("kill", String(busy.job), "--force", "--yes");
    expect([code, stdout]).toEqual([0, `${busy.runner}\tkilled; its job fails\n`]);
    const { running } = fleet.modal;
    expect(running().some(({ sandboxId }) => sandboxId === busy.sandboxId)).toBe(false);
  });

  it("--idle ends those that wait, and no other", async () => {
    const [waiting, busy] = [await idle(), await startBusy()];
    const { code, stdout } = await cli("kill", "--idle", "--pool", "ready", "--yes");
    expect([code, stdout]).toEqual([0, `${waiting.runner}\tended; it had no job\n`]);
    const left = (await list()).map(({ runner }) => runner);
    expect(left).toContain(busy.runner);
    expect(left).not.toContain(waiting.runner);
  });

  it("does nothing where nobody can be asked, with --dry-run, or without saying which", async () => {
    const waiting = await idle();
    const unasked = await cli("kill", waiting.runner);
    expect([unasked.code, unasked.stdout]).toEqual([2, ""]);
    expect(unasked.stderr).toContain("--yes");
    const dry = await cli("kill", waiting.runner, "--dry-run");
    expect([dry.code, dry.stdout]).toEqual([0, expect.stringContaining(`${waiting.runner}: idle`)]);
    expect((await cli("kill")).code).toBe(2);
    const unknown = await cli("kill", "cpu-1-1-0000000000", "--yes");
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining("has no runner cpu-1-1-0000000000")]);
    expect((await list()).map(({ runner }) => runner)).toContain(waiting.runner);
  });
});

describe("logs of a job whose runner was kept ready", () => {
  it("are its own, though another Sandbox has the name of that runner's by now", async () => {
    const ids: number[] = [];
    for (let count = 0; count < 3; count++) {
      await idle();
      const [runId] = await fleet.github.trigger({
        repository: "app",
        event: "workflow_dispatch",
        workflow: "ready.yml",
      });
      await fleet.github.settled();
      ids.push(fleet.github.state().jobs.find((job) => job.runId === runId)?.id as number);
    }
    for (const id of ids) {
      const { code, stdout } = await run(["logs", String(id), "--raw"], fleet.env);
      expect([code, stdout]).toEqual([0, expect.stringContaining("kept ready\n")]);
    }
  });
});

describe("runners shell", () => {
  it("runs a command beside the job, and ends with its exit code", async () => {
    const busy = await startBusy();
    const { code, stdout } = await cli(
      "shell",
      busy.runner,
      "--",
      "sh",
      "-c",
      "echo in $MODAL_GHA_RUNNER_NAME; exit 7",
    );
    expect(code).toBe(7);
    expect(stdout).toContain(`in ${busy.runner}`);
  });

  it("passes bytes as they are, with stderr apart, where there is no terminal", async () => {
    const busy = await startBusy();
    const command = [
      "shell",
      busy.runner,
      "--",
      "sh",
      "-c",
      "cat; printf 'a\\nb\\n'; echo oops >&2; [ -t 1 ] || exit 3",
    ];
    const input = "from here\n\u0003\u0004x";
    const { code, stdout, stderr } = await run(["runners", ...command], fleet.env, { input });
    expect({ code, stdout, stderr }).toEqual({ code: 3, stdout: `${input}a\nb\n`, stderr: "oops\n" });
  });

  it("says that there is no such runner", async () => {
    const { code, stderr } = await cli("shell", "sb-0000000000000000000000");
    expect([code, stderr]).toEqual([1, expect.stringContaining("modal-gha runners ls")]);
  });
});
