import { describe, expect, test } from "vitest";
import { fromContextData } from "../../../../src/lib/emulator/workflow/context-data.ts";
import type { FinishedJob, JobResult } from "../../../../src/lib/emulator/workflow/needs.ts";
import { PlanError } from "../../../../src/lib/emulator/workflow/plan.ts";
import { type PlainScope, plan, plannedJobs, workflowWithJob, workflowWithJobs } from "./helpers.ts";

/** Name and matrix of every job planned for the lines under `matrix:`. */
function combinations(matrix: string, scope: PlainScope = {}): [string, unknown][] {
  const workflow = workflowWithJob(`strategy:\n  matrix:\n${matrix.trim().replace(/^/gm, "    ")}`);
  return plannedJobs(workflow, scope).map(({ name, contexts }) => [name, fromContextData(contexts.matrix)]);
}

function matrices(matrix: string, scope: PlainScope = {}): unknown[] {
  return combinations(matrix, scope).map(([, value]) => value);
}

describe("a matrix", () => {
  test("gives every combination, the first key slowest", () => {
    expect(combinations("os: [linux, mac]\nversion: [10, 12]")).toEqual([
      ["build (linux, 10)", { os: "linux", version: 10 }],
      ["build (linux, 12)", { os: "linux", version: 12 }],
      ["build (mac, 10)", { os: "mac", version: 10 }],
      ["build (mac, 12)", { os: "mac", version: 12 }],
    ]);
  });

  // The example of "Expanding or adding matrix configurations" in GitHub's documentation.
  test("include extends what it does not overwrite, and else adds", () => {
    expect(
      matrices(`
fruit: [apple, pear]
animal: [cat, dog]
include:
  - color: green
  - color: pink
    animal: cat
  - fruit: apple
    shape: circle
  - fruit: banana
  - fruit: banana
    animal: cat`),
    ).toEqual([
      { fruit: "apple", animal: "cat", color: "pink", shape: "circle" },
      { fruit: "apple", animal: "dog", color: "green", shape: "circle" },
      { fruit: "pear", animal: "cat", color: "pink" },
      { fruit: "pear", animal: "dog", color: "green" },
      { fruit: "banana" },
      { fruit: "banana", animal: "cat" },
    ]);
  });

  test("include alone makes a combination of each item", () => {
    expect(
      combinations("include:\n  - { site: production, datacenter: a }\n  - { site: staging, debug: true }"),
    ).toEqual([
      ["build (production, a)", { site: "production", datacenter: "a" }],
      ["build (staging, true)", { site: "staging", debug: true }],
    ]);
  });

  test("what an include adds to a combination is not part of the name", () => {
    expect(combinations("os: [linux, mac]\ninclude: [{ os: mac, extra: yes }, { os: windows, extra: no }]")).toEqual([
      ["build (linux)", { os: "linux" }],
      ["build (mac)", { os: "mac", extra: "yes" }],
      ["build (windows, no)", { os: "windows", extra: "no" }],
    ]);
  });

  // The example of "Excluding matrix configurations" in GitHub's documentation.
  test("exclude takes out what it matches in part", () => {
    expect(
      matrices(`
os: [macos-latest, windows-latest]
version: [12, 14, 16]
environment: [staging, production]
exclude:
  - os: macos-latest
    version: 12
    environment: production
  - os: windows-latest
    version: 16`),
    ).toEqual([
      { os: "macos-latest", version: 12, environment: "staging" },
      { os: "macos-latest", version: 14, environment: "staging" },
      { os: "macos-latest", version: 14, environment: "production" },
      { os: "macos-latest", version: 16, environment: "staging" },
      { os: "macos-latest", version: 16, environment: "production" },
      { os: "windows-latest", version: 12, environment: "staging" },
      { os: "windows-latest", version: 12, environment: "production" },
      { os: "windows-latest", version: 14, environment: "staging" },
      { os: "windows-latest", version: 14, environment: "production" },
    ]);
  });

  test("include brings back what exclude took out", () => {
    expect(matrices("os: [linux, mac]\nexclude: [{ os: mac }]\ninclude: [{ os: mac, extra: 1 }]")).toEqual([
      { os: "linux" },
      { os: "mac", extra: 1 },
    ]);
  });

  test("values may be objects; their scalars make the name, and filters match in part", () => {
    expect(
      combinations(`
node: [{ version: 14, env: old }, { version: 20, env: "" }, { version: 22 }]
exclude: [{ node: { version: 22 } }]
include: [{ node: { version: 20 }, latest: true }]`),
    ).toEqual([
      ["build (14, old)", { node: { version: 14, env: "old" } }],
      ["build (20)", { node: { version: 20, env: "" }, latest: true }],
    ]);
  });

  test("filters compare as == does", () => {
    expect(matrices("os: [Linux, mac]\nversion: ['10']\nexclude: [{ OS: linux, version: 10 }]")).toEqual([
      { os: "mac", version: "10" },
    ]);
  });

  test("a job whose combinations are all excluded runs once without a matrix", () => {
    expect(combinations("os: [linux]\nexclude: [{ os: linux }]")).toEqual([["build", null]]);
  });

  const setup: Record<string, FinishedJob> = {
    setup: { result: "success", outputs: { list: '["a","b"]', all: '{"include":[{"x":1},{"x":2}]}' } },
  };

  test("comes from the outputs of a needed job, in part or as a whole", () => {
    const jobs = (matrix: string) =>
      workflowWithJobs(
        `setup: { runs-on: x, steps: [{ run: a }] }\nbuild: { needs: setup, runs-on: x, strategy: { matrix: ${matrix} }, steps: [{ run: a }] }`,
      );
    const part = plannedJobs(jobs(`{ item: "\${{ fromJSON(needs.setup.outputs.list) }}" }`), { finished: setup });
    expect(part.map((job) => job.name)).toEqual(["build (a)", "build (b)"]);
    const whole = plannedJobs(jobs(`"\${{ fromJSON(needs.setup.outputs.all) }}"`), { finished: setup });
    expect(whole.map((job) => fromContextData(job.contexts.matrix))).toEqual([{ x: 1 }, { x: 2 }]);
  });

  test.each([
    ["os: []", "Matrix vector 'os' does not contain any values"],
    [`os: \${{ github.nothing }}`, "A sequence was expected for the matrix vector 'os'"],
    ["exclude: [{ a: 1 }]\nos: [a]", "Matrix exclude key 'a' does not match any key within the matrix"],
    ["include: []", "Matrix must define at least one vector"],
    [`a: \${{ fromJSON('nonsense') }}`, "Error parsing JSON"],
  ])("%j is an error", (matrix, problem) => {
    const attempt = () => combinations(matrix);
    expect(attempt).toThrow(PlanError);
    expect(attempt).toThrow("Error when evaluating 'strategy' for job 'build'.");
    expect(attempt).toThrow(problem);
  });

  test("has at most 256 combinations", () => {
    const numbers = (count: number) => JSON.stringify(Array.from({ length: count }, (_, index) => index));
    expect(combinations(`a: ${numbers(16)}\nb: ${numbers(16)}`)).toHaveLength(256);
    expect(() => combinations(`a: ${numbers(257)}`)).toThrow("The matrix has 257 combinations");
    const huge = ["a", "b", "c", "d"].map((key) => `${key}: ${numbers(200)}`).join("\n");
    expect(() => combinations(huge)).toThrow("The matrix has 1600000000 combinations");
  });
});

describe("a strategy", () => {
  test("tells its jobs where they stand, and the plan how to run them", () => {
    const planned = plan(workflowWithJob("strategy: { fail-fast: false, max-parallel: 2, matrix: { a: [1, 2, 3] } }"));
    if (planned.skipped) throw new Error("skipped");
    expect(planned).toMatchObject({ failFast: false, maxParallel: 2 });
    expect(planned.jobs.map((job) => fromContextData(job.contexts.strategy))).toEqual(
      [0, 1, 2].map((index) => ({ "fail-fast": false, "job-index": index, "job-total": 3, "max-parallel": 2 })),
    );
  });

  test("of a job that has none", () => {
    const planned = plan(workflowWithJob("name: Build"));
    if (planned.skipped) throw new Error("skipped");
    expect(planned).toMatchObject({ failFast: true });
    expect(planned).not.toHaveProperty("maxParallel");
    expect(planned.jobs).toHaveLength(1);
    expect(planned.jobs[0]?.contexts.matrix).toBeNull();
    expect(fromContextData(planned.jobs[0]?.contexts.strategy ?? null)).toEqual({
      "fail-fast": true,
      "job-index": 0,
      "job-total": 1,
      "max-parallel": 1,
    });
  });

  test("may be computed", () => {
    const lines = `strategy: { fail-fast: "\${{ inputs.fast }}", max-parallel: "\${{ inputs.many }}", matrix: { a: [1] } }`;
    expect(plan(workflowWithJob(lines), { inputs: { fast: false, many: 4 } })).toMatchObject({
      failFast: false,
      maxParallel: 4,
    });
    expect(() => plan(workflowWithJob(lines), { inputs: { fast: "no", many: 4 } })).toThrow(
      "fail-fast must be a boolean",
    );
  });
});

describe("names", () => {
  test.each([
    ["strategy: { matrix: { a: [x] } }", "build (x)"],
    ["name: Analyze\nstrategy: { matrix: { a: [x] } }", "Analyze (x)"],
    [`name: Analyze \${{ matrix.a }}\nstrategy: { matrix: { a: [x] } }`, "Analyze x"],
    [`name: \${{ github.nothing }}\nstrategy: { matrix: { a: [x] } }`, "build (x)"],
    ["name: ''", "build"],
    [`strategy: { matrix: { a: [${"y".repeat(120)}] } }`, `build (${"y".repeat(90)}...`],
  ])("%j", (lines, name) => {
    expect(plannedJobs(workflowWithJob(lines)).map((job) => job.name)).toEqual([name]);
  });

  test.each([
    ["name: Never", "Never"],
    [`name: Never on \${{ github.ref_name }}`, "Never on main"],
    [`name: Never \${{ matrix.a }}\nstrategy: { matrix: { a: [x] } }`, "build"],
    ["strategy: { matrix: { a: [x] } }", "build"],
  ])("%j of a skipped job", (lines, name) => {
    const planned = plan(workflowWithJob(`if: false\n${lines}`), { github: { ref_name: "main" } });
    expect(planned).toEqual({ skipped: true, name });
  });
});

describe("runs-on", () => {
  test.each<[string, string[], string?]>([
    ["modal", ["modal"]],
    ["[self-hosted, Linux, linux, gpu]", ["self-hosted", "Linux", "gpu"]],
    [`modal/gpu=h100:2/run=\${{ github.run_id }}`, ["modal/gpu=h100:2/run=77"]],
    [`[modal, "run-\${{ github.run_id }}-\${{ matrix.size }}"]`, ["modal", "run-77-large"]],
    [`\${{ matrix.size }}`, ["large"]],
    [`>-\n  \${{ fromJSON('["a", "b"]') }}`, ["a", "b"]],
    ["{ group: fast }", [], "fast"],
    ["{ group: organization/fast, labels: [a, b] }", ["a", "b"], "organization/fast"],
    [`{ group: "\${{ matrix.size }}", labels: "\${{ matrix.size }}" }`, ["large"], "large"],
    [`>-\n  \${{ fromJSON('{"group": "g", "labels": "x"}') }}`, ["x"], "g"],
  ])("%s", (runsOn, labels, group) => {
    const workflow = workflowWithJob(`strategy: { matrix: { size: [large] } }\nruns-on: ${runsOn}`);
    const [job] = plannedJobs(workflow, { github: { run_id: "77" } });
    expect(job?.labels).toEqual(labels);
    expect(job?.group).toBe(group);
  });

  test.each([`\${{ github.nothing }}`, `\${{ fromJSON('[[1]]') }}`, `["\${{ vars.none }}"]`])(
    "%s is an error",
    (runsOn) => {
      expect(() => plan(workflowWithJob(`runs-on: ${runsOn}`))).toThrow(
        "Error when evaluating 'runs-on' for job 'build'.",
      );
    },
  );
});

describe("limits of a job", () => {
  test.each<[string, number, boolean]>([
    ["name: x", 360, false],
    ["timeout-minutes: 5.9\ncontinue-on-error: true", 5, true],
    [
      `timeout-minutes: \${{ matrix.m }}\ncontinue-on-error: \${{ matrix.m == 7 }}\nstrategy: { matrix: { m: [7] } }`,
      7,
      true,
    ],
  ])("%j", (lines, timeoutMinutes, continueOnError) => {
    expect(plannedJobs(workflowWithJob(lines))).toMatchObject([{ timeoutMinutes, continueOnError }]);
  });

  test("a timeout that is text is an error", () => {
    expect(() => plan(workflowWithJob(`timeout-minutes: \${{ vars.t }}`), { vars: { t: "5" } })).toThrow(
      "Error when evaluating 'timeout-minutes' for job 'build'. A number was expected",
    );
  });
});

describe("needs", () => {
  /** first <- second <- build, and a job beside them. */
  const chain = (condition: string) =>
    workflowWithJobs(
      [
        "first: { runs-on: x, steps: [{ run: a }] }",
        "beside: { runs-on: x, steps: [{ run: a }] }",
        "second: { needs: first, if: always(), runs-on: x, steps: [{ run: a }] }",
        `build: { needs: second, if: ${JSON.stringify(condition)}, runs-on: x, steps: [{ run: a }] }`,
      ].join("\n"),
    );
  const results = (first: JobResult, second: JobResult): Record<string, FinishedJob> => ({
    first: { result: first, outputs: { secret: "1" } },
    second: { result: second, outputs: { text: "out" } },
    beside: { result: "failure", outputs: {} },
  });

  test.each<[string, JobResult, JobResult, boolean]>([
    ["", "success", "success", true],
    ["", "success", "failure", false],
    ["", "success", "skipped", false],
    ["", "success", "cancelled", false],
    // What is behind the needed job counts too.
    ["", "skipped", "success", false],
    ["", "failure", "success", false],
    ["always()", "failure", "failure", true],
    ["failure()", "success", "success", false],
    ["failure()", "failure", "success", true],
    ["failure()", "success", "failure", true],
    ["failure()", "skipped", "cancelled", false],
    ["!failure() && !cancelled()", "skipped", "success", true],
    ["success('second')", "failure", "success", true],
    ["failure('second')", "failure", "success", false],
    ["always() && needs.second.result == 'success'", "failure", "success", true],
    ["needs.second.outputs.text == 'out'", "success", "success", true],
    ["needs.second.outputs.other == 'out'", "success", "success", false],
    // Only the jobs that it names are in its needs context.
    ["always() && needs.first.result == null", "success", "success", true],
  ])("if: %j after %s and %s runs: %s", (condition, first, second, runs) => {
    expect(plan(chain(condition), { finished: results(first, second) }).skipped).toBe(!runs);
  });

  test.each([
    ["", false],
    ["always()", true],
    ["cancelled()", true],
    ["failure()", false],
    ["!cancelled()", false],
  ])("if: %j in a cancelled run runs: %s", (condition, runs) => {
    expect(plan(chain(condition), { finished: results("success", "success"), cancelled: true }).skipped).toBe(!runs);
  });

  test("are in the contexts of the planned job", () => {
    const [job] = plannedJobs(chain("always()"), { finished: results("success", "failure") });
    expect(fromContextData(job?.contexts.needs ?? null)).toEqual({
      second: { result: "failure", outputs: { text: "out" } },
    });
  });

  test("must have ended", () => {
    expect(() => plan(chain("always()"), { finished: {} })).toThrow(RangeError);
  });

  test("a condition that cannot be evaluated fails the job", () => {
    expect(() => plan(workflowWithJob("if: fromJSON(github.text)"), { github: { text: "{" } })).toThrow(
      "Error when evaluating 'if' for job 'build'. Error parsing JSON",
    );
  });
});
