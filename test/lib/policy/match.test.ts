import { describe, expect, it } from "vitest";
import { allowsRepository, matchPool, resolveJob, resourcesOf, runnerLabels } from "../../../src/lib/policy/match.ts";
import { parsePolicy } from "../../../src/lib/policy/parse.ts";
import type { Pool } from "../../../src/lib/policy/schema.ts";

const policy = parsePolicy(`
fleet: test
github: { owner: acme }
access: { repositories: ["acme/*", "other/tool-*"] }
pools:
  - { name: gpu, labels: [modal, GPU], gpu: T4, resources: { gpus: [T4, H100], max-gpu-count: 2, max-timeout: 12h } }
  - { name: cpu, labels: [modal], resources: { max-cpu: 16, max-memory: 64g, max-timeout: 8h } }
  - { name: spare, labels: [modal] }
  - { name: closed, labels: [closed, exact/cpu=2] }
`);
const pool = (name: string) => policy.pools.find((entry) => entry.name === name) as Pool;

/** The pool's name, or why there is none. */
function outcome(labels: string[]): string {
  const found = resolveJob(policy, labels);
  return found.kind === "pool" ? found.pool.name : `${found.reason}: ${found.detail}`;
}

describe("resolveJob", () => {
  it.each([
    [["modal"], "cpu"],
    [["self-hosted", "linux", "x64", "modal"], "cpu"],
    [["self-hosted", "Linux", "X64", "MODAL", "gpu"], "gpu"],
    [["gpu"], "gpu"],
    [["modal", "modal"], "cpu"],
    [["exact/cpu=2"], "closed"],
    [["modal/run=1"], "cpu"],
    [["modal/gpu=h100"], "gpu"],
    [["GPU/gpu=h100:2/run=7"], "gpu"],
    [
      ["modal/cpu=8", "gpu"],
      "refuse:resources-not-allowed: modal/cpu=8: cpu=8 is over the ceiling of pool gpu: 2 at most",
    ],
    // A run= alone asks for nothing that has to be allowed.
    [["closed/run=abc"], "closed"],
  ])("%j -> %s", (labels, expected) => {
    expect(outcome(labels)).toBe(expected);
  });

  it.each([
    [
      ["self-hosted"],
      "the job asks for no label but self-hosted, linux, x64, which any runner has; add a label of a pool: modal,",
    ],
    [[], "the job asks for no label but"],
    [["modal", "arm64"], "the job asks for arm64, and Modal runs Linux on x64 only"],
    [["macos"], "the job asks for macos, and Modal runs Linux on x64 only"],
    [["windows-2022"], "the job asks for windows-2022, and Modal runs Linux on x64 only"],
    [["ubuntu-latest"], "no pool has the label ubuntu-latest, which is GitHub's own for hosted runners"],
    [["modla"], "no pool at all has modla; did you mean modal?"],
    [
      ["modal", "closed"],
      "no pool has all of [modal, closed]: gpu lacks closed; cpu lacks closed; spare lacks closed; closed lacks modal",
    ],
    [
      ["gpu", "modal", "big"],
      "no pool has all of [gpu, modal, big]: gpu lacks big; cpu lacks gpu, big; spare lacks gpu, big; closed lacks gpu,",
    ],
    [["modla/cpu=2"], "no pool at all has modla/cpu=2 or modla; did you mean modal?"],
  ])("ignores %j and says why", (labels, expected) => {
    expect(outcome(labels)).toContain("ignore:no-pool-matches: ");
    expect(outcome(labels)).toContain(expected);
  });

  it.each([
    ["modal/", "it has an empty part"],
    ["modal//cpu=2", "it has an empty part"],
    ["modal/cores=2", 'it has no part "cores"; there are gpu=, cpu=, memory=, timeout=, run='],
    ["modal/cpus=2", 'it has no part "cpus"; did you mean cpu?'],
    ["modal/cpu", "cpu= has no value"],
    ["modal/run=", "run= has no value"],
    ["modal/run=a/b", 'it has no part "b"; the text of run= ends at the next slash'],
    ["modal/cpu=2/cpu=4", "cpu= is there twice"],
    ["modal/cpu=0", "cpu=0: write physical cores, at least 0.125, such as cpu=8"],
    ["modal/cpu=-1", "cpu=-1: write physical cores"],
    ["modal/cpu=1e3", "cpu=1e3: write physical cores"],
    ["modal/memory=32", "memory=32: write a size of at least 128MiB, such as memory=32g"],
    ["modal/timeout=2", "timeout=2: write a duration, such as timeout=90m"],
    ["modal/gpu=h10", 'gpu=h10: Modal has no GPU "h10"; did you mean H100?'],
    ["modal/gpu=h100:0", "gpu=h100:0: a Sandbox has 1 to 8 of the H100"],
  ])("cannot read %s", (label, expected) => {
    expect(outcome([label])).toContain(`refuse:bad-resource-label: the label ${label} cannot be read: ${expected}`);
  });

  it("reads one label with resources, not two", () => {
    expect(outcome(["modal/cpu=2", "gpu/run=1"])).toContain(
      "refuse:bad-resource-label: a job can have one label with resources, and this has modal/cpu=2 and gpu/run=1",
    );
  });

  it.each([
    [["modal/cpu=17"], "modal/cpu=17: cpu=17 is over the ceiling of pool cpu: 16 at most"],
    [["modal/memory=65g"], "memory=65GiB is over the ceiling of pool cpu: 64GiB at most"],
    [["modal/timeout=9h"], "timeout=9h is over the ceiling of pool cpu: 8h at most"],
    [["gpu/gpu=l4"], "pool gpu lets no label ask for L4; it allows T4, H100"],
    [["gpu/gpu=h100:3"], "gpu=H100:3 is over the ceiling of pool gpu: 2 GPUs at most"],
    [["closed/cpu=1"], "pool closed lets no label ask for resources: it has no resources block"],
    // The pool with a GPU would have the time, but the job asked for no GPU.
    [["modal/timeout=8h1m"], "over the ceiling of pool cpu: 8h at most"],
  ])("refuses %j and names the ceiling", (labels, expected) => {
    expect(outcome(labels)).toContain("refuse:resources-not-allowed: ");
    expect(outcome(labels)).toContain(expected);
  });

  it("gives the job what its label asks for and the rest of the pool's, and registers with the label as it is", () => {
    const label = "Modal/CPU=8/memory=32g/timeout=2h30m/run=$x,é";
    expect(resolveJob(policy, ["self-hosted", label])).toEqual({
      kind: "pool",
      pool: pool("cpu"),
      resources: { cpu: 8, memoryMiB: 32_768, gpu: undefined, timeoutSeconds: 9000 },
      labels: ["self-hosted", "linux", "x64", "modal", label],
    });
    expect(resolveJob(policy, ["modal/gpu=h100:2/cpu=1"])).toMatchObject({
      pool: { name: "gpu" },
      resources: { cpu: 1, memoryMiB: 4096, gpu: "H100:2", timeoutSeconds: 7200 },
      labels: ["self-hosted", "linux", "x64", "modal", "gpu", "modal/gpu=h100:2/cpu=1"],
    });
  });

  it("gives a job without such a label what the pool has", () => {
    expect(resolveJob(policy, ["gpu"])).toMatchObject({
      resources: { cpu: 2, memoryMiB: 4096, gpu: "T4", timeoutSeconds: 7200 },
      labels: ["self-hosted", "linux", "x64", "modal", "gpu"],
    });
  });
});

describe("resourcesOf", () => {
  it.each([
    ["", 2],
    ["modal/cpu=8/run=1", 8],
    // What the policy allowed when the runner was made it may not allow any more.
    ["modal/cpu=64", 2],
    ["modal/cpu=x", 2],
  ])("%s -> %i cores", (label, cpu) => {
    expect(resourcesOf(pool("cpu"), label)).toMatchObject({ cpu, memoryMiB: 4096 });
  });
});

describe("matchPool", () => {
  it("leaves out jobs whose runner needs more than the pool's labels", () => {
    expect(matchPool(policy, ["modal"])?.name).toBe("cpu");
    expect(matchPool(policy, ["modal/run=1"])).toBeUndefined();
    expect(matchPool(policy, ["nothing"])).toBeUndefined();
  });
});

describe("runnerLabels", () => {
  it("has every label that a job of the pool can ask for", () => {
    expect(runnerLabels(pool("gpu"))).toEqual(["self-hosted", "linux", "x64", "modal", "gpu"]);
  });
});

describe("allowsRepository", () => {
  it.each([
    ["acme/app", true],
    ["ACME/App", true],
    ["other/tool-x", true],
    ["other/app", false],
    ["acme/app/more", false],
    ["notacme/app", false],
    ["acme.evil/app", false],
  ])("%s: %s", (repository, expected) => {
    expect(allowsRepository(policy, repository)).toBe(expected);
  });
});
