// `logs` as an operator types it, against a whole fleet.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Rehearsal, startRehearsal } from "../../src/lib/rehearsal/rehearsal.ts";
import { run, start, until } from "./cli.ts";

const workflow = `
on:
  workflow_dispatch:
    inputs: { gate: { default: /nowhere } }
jobs:
  build:
    runs-on: modal
    steps:
      - name: Compile it
        run: echo compiled
      - name: Test it
        run: |
          echo "::add-mask::hunter2"
          echo tested with hunter2
          exit 3
      - name: Always
        if: always()
        run: echo tidied
  other:
    runs-on: modal
    steps: [{ run: echo from the other }]
`;
const many = `
on:
  workflow_dispatch:
    inputs: { gate: { required: true } }
jobs:
  lines:
    runs-on: modal
    steps:
      - name: Wait
        run: until [ -e "\${{ inputs.gate }}" ]; do sleep 0.05; done
      - name: Count
        run: seq -f 'line %.0f' 1 100000
`;

const waves = `
on:
  workflow_dispatch:
    inputs: { gate: { required: true } }
jobs:
  first:
    runs-on: modal
    steps: [{ run: 'echo from the first; until [ -e "\${{ inputs.gate }}" ]; do sleep 0.05; done' }]
  second:
    needs: first
    runs-on: modal
    steps: [{ run: echo from the second }]
  unwanted: { if: "false", runs-on: modal, steps: [{ run: echo never }] }
  unwanted-later: { needs: first, if: "false", runs-on: modal, steps: [{ run: echo never }] }
`;
const flood = `
on:
  workflow_dispatch:
    inputs: { gate: { required: true } }
jobs:
  flood:
    runs-on: modal
    steps:
      - name: Print
        run: seq -f 'line %.0f' 1 500
      - name: Wait
        run: until [ -e "\${{ inputs.gate }}" ]; do sleep 0.05; done
`;

let scratch: string;
let fleet: Rehearsal;
/** How often the live output is still to break, and how often it did. */
let [breaks, broken] = [0, 0];
/** Bytes of a Sandbox's output that Modal has dropped from its live part. */
let dropped = 0;

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "logs-test-"));
  const workflows = join(scratch, "app", ".github", "workflows");
  mkdirSync(workflows, { recursive: true });
  writeFileSync(join(workflows, "build.yml"), workflow);
  writeFileSync(join(workflows, "many.yml"), many);
  writeFileSync(join(workflows, "waves.yml"), waves);
  writeFileSync(join(workflows, "flood.yml"), flood);
  const policyFile = join(scratch, "policy.yaml");
  writeFileSync(policyFile, "fleet: logs\ngithub: { owner: acme }\npools: [{ name: cpu, labels: [modal] }]\n");
  fleet = await startRehearsal({
    repositoryDirectory: join(scratch, "app"),
    repository: "app",
    policyFile,
    modal: {
      intercept: async ({ method, request }) => {
        if (method !== "SandboxStdioReadV2") return "proceed";
        const read = request as { offset: number };
        read.offset = Math.max(read.offset, dropped);
        if (breaks === 0) return "proceed";
        breaks--;
        broken++;
        return { breakAfter: 3 };
      },
    },
  });
});
afterAll(async () => {
  await fleet.close();
  rmSync(scratch, { recursive: true, force: true });
});

const cli = (...args: string[]) => run(["logs", ...args], fleet.env);
const jobs = () => fleet.github.state().jobs;

describe("logs of a run that failed", () => {
  let build: string;
  let runUrl: string;
  beforeAll(async () => {
    const [runId] = await fleet.github.trigger({
      repository: "app",
      event: "workflow_dispatch",
      workflow: "build.yml",
    });
    await fleet.github.settled();
    await until("no Sandbox is left", () => fleet.modal.running().length === 0);
    build = String(jobs().find(({ name }) => name === "build")?.id);
    runUrl = `https://github.com/acme/app/actions/runs/${runId}`;
  });

  it("has a header for each step, its time and its result, and masks what the runner masks", async () => {
    const { code, stdout } = await cli(build);
    expect(code).toBe(0);
    const plain = stdout.replace(/\d\d:\d\d:\d\d/g, "TIME").replace(/ \d+(ms|s)$/gm, " TOOK");
    expect(plain).toMatch(/▸ Compile it {2}TIME\n(.*\n)*compiled\n✓ Compile it TOOK\n▸ Test it {2}TIME\n/);
    expect(plain).toMatch(/tested with \*\*\*\n(.*\n)*✗ Test it: failed TOOK\n▸ Always/);
    expect(plain).not.toContain("tested with hunter2\n✗");
  });

  it("--step shows one step, by name or number, and says which there are for another", async () => {
    const named = await cli(build, "--step", "ALWAYS");
    expect(named.stdout).toContain("tidied");
    expect(named.stdout).not.toContain("compiled");
    const steps = JSON.parse(`[${(await cli(build, "--json")).stdout.trim().replaceAll("\n", ",")}]`) as {
      event: string;
      name?: string;
    }[];
    const number = steps.filter(({ event }) => event === "step").findIndex(({ name }) => name === "Always") + 1;
    expect((await cli(build, "--step", String(number))).stdout).toBe(named.stdout);
    const none = await cli(build, "--step", "deploy");
    expect([none.code, none.stdout]).toEqual([1, ""]);
    expect(none.stderr).toContain(`${number}  Always`);
  });

  it("--timestamps and --since tell and ask by time", async () => {
    const { stdout } = await cli(build, "--timestamps");
    const lines = stdout.trim().split("\n");
    expect(lines.every((line) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /.test(line))).toBe(true);
    expect((await cli(build, "--since", "1s", "--json")).stdout).toBe("");
    expect((await cli(build, "--since", "1h")).stdout).toContain("compiled");
    expect((await cli(build, "--since", "tomorrow")).code).toBe(2);
  });

  it("--raw is what the Sandbox printed", async () => {
    const { stdout } = await cli(build, "--raw");
    expect(stdout).toMatch(/^##\[modal-gha\]\{.*"event":"starting"/);
    expect(stdout).toContain('"event":"exit","reason":"job-completed","result":"Failed"');
  });

  it("is what one service has while the other cannot be reached, and says so", async () => {
    const nowhere = "http://127.0.0.1:1";
    const [withoutModal, withoutGitHub] = await Promise.all([
      run(["logs", build], { ...fleet.env, MODAL_SERVER_URL: nowhere }),
      run(["logs", build], { ...fleet.env, GITHUB_API_URL: nowhere }),
    ]);
    expect(withoutModal).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/compiled\n(.*\n)*tested with \*\*\*/),
    });
    expect(withoutModal.stderr).toMatch(/Modal could not be reached\. This is the log of job \d+ that GitHub has/);
    expect(withoutGitHub).toMatchObject({ code: 0, stdout: expect.stringContaining("▸ Compile it") });
    expect(withoutGitHub.stderr).toMatch(/Could not read the job at GitHub/);
    // GitHub's copy does not tell steps apart: that there are none would be no answer.
    const step = await run(["logs", build, "--step", "test"], { ...fleet.env, MODAL_SERVER_URL: nowhere });
    expect([step.code, step.stdout, step.stderr]).toEqual([1, "", expect.stringContaining("does not tell its steps")]);
    // Only Modal has it.
    const raw = await run(["logs", build, "--raw"], { ...fleet.env, MODAL_SERVER_URL: nowhere });
    expect([raw.code, raw.stdout]).toEqual([1, ""]);
  });

  it("--github is GitHub's own log", async () => {
    const { code, stdout } = await cli(build, "--github");
    expect([code, stdout]).toEqual([0, expect.stringMatching(/compiled\n(.*\n)*tested with \*\*\*/)]);
    expect(stdout).not.toContain("▸");
  });

  it("of a whole run, begins each line with its job's name", async () => {
    const { code, stdout } = await cli(runUrl);
    expect(code).toBe(0);
    expect(stdout).toContain("build │ compiled");
    expect(stdout).toContain("other │ from the other");
    const events = (await cli(runUrl, "--json")).stdout.trim().split("\n");
    const ids = new Set(events.map((line) => (JSON.parse(line) as { job: number }).job));
    expect(ids.size).toBe(2);
  });
});

it("of a run, follows the jobs that come later, and passes over those that are skipped", async () => {
  const gate = join(scratch, "waves");
  const trigger = { repository: "app", event: "workflow_dispatch", workflow: "waves.yml", inputs: { gate } } as const;
  const [runId] = await fleet.github.trigger(trigger);
  const url = `https://github.com/acme/app/actions/runs/${runId}`;
  const following = start(["logs", "-f", url], fleet.env);
  await following.untilStdout(/first .*│ from the first/);
  writeFileSync(gate, "");
  const { code, stdout } = await following.ended;
  expect([code, stdout]).toEqual([0, expect.stringMatching(/second .*│ from the second/)]);
  expect((await cli(url)).code).toBe(0);
});

it("follows a job from its first line, of whose output Modal has only the newest part live", async () => {
  const gate = join(scratch, "flood");
  await fleet.github.trigger({
    ...{ repository: "app", event: "workflow_dispatch", workflow: "flood.yml", inputs: { gate } },
  });
  const id = String(jobs().find(({ name }) => name === "flood")?.id);
  const isPrinted = async () => (await cli(id)).stdout.includes("▸ Wait");
  await until("all is printed", isPrinted);
  // Somewhere within a line.
  dropped = 5_003;
  const following = start(["logs", "-f", id], fleet.env);
  await following.untilStdout(/▸ Wait/);
  writeFileSync(gate, "");
  const { code, stdout, stderr } = await following.ended;
  dropped = 0;
  expect([code, stderr]).toEqual([0, ""]);
  const numbers = [...stdout.matchAll(/^line (\d+)$/gm)].map(([, number]) => Number(number));
  expect(numbers.length).toBe(500);
  expect(numbers.every((number, index) => number === index + 1)).toBe(true);
});

it("follows 100,000 lines over ten broken streams, not one lost or doubled, and shows the same again afterwards", async () => {
  const gate = join(scratch, "gate");
  await fleet.github.trigger({ repository: "app", event: "workflow_dispatch", workflow: "many.yml", inputs: { gate } });
  const id = String(jobs().find(({ name }) => name === "lines")?.id);
  breaks = 10;
  const following = start(["logs", "-f", id], fleet.env);
  await following.untilStdout(/▸ Wait/);
  writeFileSync(gate, "");
  const { code, stdout } = await following.ended;
  expect([code, broken]).toEqual([0, 10]);
  const lines = stdout.split("\n").filter((line) => /^line \d+$/.test(line));
  expect(lines.length).toBe(100_000);
  expect(lines.every((line, index) => line === `line ${index + 1}`)).toBe(true);
  await until("its Sandbox is gone", () => fleet.modal.running().length === 0);
  const again = await cli(id);
  expect([again.code, again.stderr]).toEqual([0, ""]);
  expect(again.stdout === stdout).toBe(true);
});

it("tells how a Sandbox ended that could not say it itself", async () => {
  const gate = join(scratch, "never");
  await fleet.github.trigger({ repository: "app", event: "workflow_dispatch", workflow: "many.yml", inputs: { gate } });
  const id = String(jobs().findLast(({ name }) => name === "lines")?.id);
  const following = start(["logs", "-f", id], fleet.env);
  await following.untilStdout(/▸ Wait/);
  const [sandbox] = fleet.modal.running();
  process.kill(-(sandbox?.pid as number), "SIGKILL");
  const { stdout } = await following.ended;
  expect(stdout.trim().split("\n").at(-1)).toMatch(/^Sandbox ended: .* \(137\)$/);
  // GitHub only learns from the runner's silence, in minutes; nobody needs to wait for that.
});
