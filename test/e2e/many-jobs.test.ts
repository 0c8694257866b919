import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Rehearsal, startRehearsal } from "../../src/lib/rehearsal/rehearsal.ts";
import { until } from "./cli.ts";

let scratch: string;
let fleet: Rehearsal | undefined;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "many-test-"));
});

afterEach(async () => {
  await fleet?.close();
  fleet = undefined;
  rmSync(scratch, { recursive: true, force: true });
});

async function startFleet(workflow: string, policy: string): Promise<Rehearsal> {
  mkdirSync(join(scratch, "app", ".github", "workflows"), { recursive: true });
  writeFileSync(join(scratch, "app", ".github", "workflows", "many.yml"), workflow);
  writeFileSync(join(scratch, "policy.yaml"), policy);
  fleet = await startRehearsal({
    repositoryDirectory: join(scratch, "app"),
    repository: "app",
    policyFile: join(scratch, "policy.yaml"),
  });
  return fleet;
}

/** Waits for the end and checks that each job ran once, on a runner of its own, and nothing is left. */
async function expectAllRan(rehearsal: Rehearsal, count: number): Promise<void> {
  const { jobs } = rehearsal.github.state();
  expect(jobs.filter((job) => job.conclusion !== "success")).toEqual([]);
  expect(jobs).toHaveLength(count);
  expect(new Set(jobs.map((job) => job.runner?.name)).size).toBe(count);
  await until("the fleet is empty", () => rehearsal.modal.running().length === 0);
  expect(rehearsal.github.state().runners).toEqual([]);
  expect(await rehearsal.modal.processes()).toEqual([]);
}

const matrix = (count: number) => `[${Array.from({ length: count }, (_, index) => index + 1).join(", ")}]`;

describe("a fleet with many jobs at once", () => {
  it("runs 100 jobs, each once", { timeout: 180_000 }, async () => {
    const rehearsal = await startFleet(
      `on: workflow_dispatch\njobs:\n  one:\n    runs-on: modal\n    strategy: { matrix: { n: ${matrix(100)} } }\n    steps: [{ run: "echo \${{ matrix.n }}" }]\n`,
      "fleet: many\ngithub: { owner: acme }\npools: [{ name: cpu, labels: [modal], max-runners: 100 }]\n",
    );
    await rehearsal.github.trigger({ repository: "app", event: "workflow_dispatch" });
    await rehearsal.github.settled();
    await expectAllRan(rehearsal, 100);
  });

  it("never exceeds the pool's limit, and runs the jobs that had to wait", async () => {
    const rehearsal = await startFleet(
      `on: workflow_dispatch\njobs:\n  one:\n    runs-on: modal\n    strategy: { matrix: { n: ${matrix(9)} } }\n    steps: [{ run: "echo \${{ matrix.n }}" }]\n`,
      "fleet: few\ngithub: { owner: acme }\npools: [{ name: cpu, labels: [modal], max-runners: 3 }]\n",
    );
    let most = 0;
    rehearsal.github.on(() => {
      most = Math.max(most, rehearsal.modal.running().length);
    });
    await rehearsal.github.trigger({ repository: "app", event: "workflow_dispatch" });
    await rehearsal.github.settled();
    await expectAllRan(rehearsal, 9);
    expect(most).toBe(3);
  });

  it("makes up for runners that GitHub gave to other jobs", async () => {
    // Every GPU runner has the plain jobs' label too, so plain jobs take GPU runners whenever those come first.
    const job = (name: string, labels: string) =>
      `  ${name}:\n    runs-on: ${labels}\n    strategy: { matrix: { n: ${matrix(4)} } }\n    steps: [{ run: "echo \${{ matrix.n }}" }]\n`;
    const rehearsal = await startFleet(
      `on: workflow_dispatch\njobs:\n${job("plain", "modal")}${job("gpu", "[modal, gpu]")}`,
      "fleet: mixed\ngithub: { owner: acme }\npools: [{ name: cpu, labels: [modal] }, { name: gpu, labels: [modal, gpu], gpu: T4 }]\n",
    );
    await rehearsal.github.trigger({ repository: "app", event: "workflow_dispatch" });
    await rehearsal.github.settled();
    await expectAllRan(rehearsal, 8);
  });
});
