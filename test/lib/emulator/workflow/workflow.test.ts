import { describe, expect, test } from "vitest";
import { toContextData } from "../../../../src/lib/emulator/workflow/context-data.ts";
import { evaluateMapping, evaluateText } from "../../../../src/lib/emulator/workflow/expressions.ts";
import { WorkflowError } from "../../../../src/lib/emulator/workflow/workflow.ts";
import { jobOf, path, workflowOf, workflowWithJob, workflowWithJobs } from "./helpers.ts";

const minimal = "jobs: { build: { runs-on: modal, steps: [{ run: 'true' }] } }";

describe("a workflow", () => {
  test("is named by its file where it has no name", () => {
    expect(workflowOf(`on: push\n${minimal}`).name).toBe(path);
    expect(workflowOf(`name: CI\non: push\n${minimal}`).name).toBe("CI");
  });

  test.each<[string, object]>([
    ["push", { push: {} }],
    ["[push, pull_request]", { push: {}, pull_request: {} }],
    [
      "{ push: { branches: main, tags-ignore: ['v*'] }, workflow_dispatch: null }",
      {
        push: { branches: ["main"], "tags-ignore": ["v*"] },
        workflow_dispatch: {},
      },
    ],
    ["{ schedule: [{ cron: '5 4 * * *' }] }", { schedule: { cron: ["5 4 * * *"] } }],
    [
      "{ workflow_dispatch: { inputs: { a: { required: true }, n: { type: number, default: 3 }, c: { type: choice, options: [x, y] } } } }",
      {
        workflow_dispatch: {
          inputs: {
            a: { type: "string", required: true },
            n: { type: "number", default: 3 },
            c: { type: "choice", options: ["x", "y"] },
          },
        },
      },
    ],
  ])("on: %s", (on, events) => {
    expect(workflowOf(`on: ${on}\n${minimal}`).events).toEqual(events);
  });

  test("keeps env, defaults and run-name unevaluated", () => {
    const workflow = workflowOf(
      `on: push\nenv: { A: "\${{ vars.a }}" }\ndefaults: { run: { shell: sh } }\nrun-name: Run \${{ github.run_id }}\n${minimal}`,
    );
    const scope = { contexts: { vars: toContextData({ a: "1" }), github: toContextData({ run_id: "77" }) } };
    expect(evaluateMapping(workflow.env, scope)).toEqual(new Map([["A", "1"]]));
    expect(evaluateText(workflow.runName, scope)).toBe("Run 77");
    expect(workflow.defaults).toEqual({
      type: 2,
      map: [{ Key: "run", Value: { type: 2, map: [{ Key: "shell", Value: "sh" }] } }],
    });
  });

  test("may say what the emulator has no use for", () => {
    const workflow = workflowOf(
      "on: push\nconcurrency: { group: g, cancel-in-progress: true }\npermissions: { contents: read }\n" +
        "jobs: { build: { runs-on: modal, concurrency: g, environment: prod, permissions: read-all, steps: [{ run: 'true' }] } }",
    );
    expect(jobOf(workflow).unsupported).toEqual([]);
  });
});

describe("a job", () => {
  test("stands in the order of the file, with its needs", () => {
    const workflow = workflowWithJobs(
      [
        "z: { needs: [a, m], runs-on: x, steps: [{ run: a }] }",
        "a: { runs-on: x, steps: [{ run: a }] }",
        "m: { needs: a, runs-on: x, steps: [{ run: a }] }",
      ].join("\n"),
    );
    expect(workflow.jobs.map(({ key, needs }) => [key, needs])).toEqual([
      ["z", ["a", "m"]],
      ["a", []],
      ["m", ["a"]],
    ]);
  });

  test.each([
    ["", "success()"],
    ["if: github.ref == 'x'", "success() && (github.ref == 'x')"],
    [`if: \${{ github.ref == 'x' }}`, "success() && (github.ref == 'x')"],
    ["if: always()", "always()"],
    ["if: github.ref == 'x' || Failure()", "github.ref == 'x' || Failure()"],
    // Neither text nor a property is a call.
    ["if: github.event.success == 'failure()'", "success() && (github.event.success == 'failure()')"],
    ["if: false", "success() && (false)"],
  ])("with %j has the condition %j", (line, condition) => {
    expect(jobOf(workflowWithJob(line)).condition).toBe(condition);
  });

  test.each<[string, string[]]>([
    ["container: node:22", ["container"]],
    ["services: { redis: { image: redis } }", ["services"]],
    ["container: { image: a }\nservices: { redis: { image: redis } }", ["container", "services"]],
  ])("with %j is flagged", (lines, unsupported) => {
    expect(jobOf(workflowWithJob(lines)).unsupported).toEqual(unsupported);
  });

  test("that calls a workflow is flagged and has no steps", () => {
    const job = jobOf(workflowWithJobs("build: { uses: ./.github/workflows/other.yml, with: { a: 1 } }"));
    expect(job).toMatchObject({ unsupported: ["uses"], steps: [] });
    expect(job.runsOn).toBeUndefined();
  });
});

describe("steps", () => {
  const steps = (lines: string) => jobOf(workflowWithJob(`steps:\n${lines.trim().replace(/^/gm, "  ")}`)).steps;

  test("get the ids that GitHub gives them", () => {
    const found = steps(`
- run: a
- run: b
  id: own
- uses: actions/checkout@v4
- uses: ./local
- uses: docker://alpine:3
- uses: actions/checkout@v4
- run: c`);
    expect(found.map((step) => step.contextName)).toEqual([
      "__run",
      "own",
      "__actions_checkout",
      "__self",
      "__alpine_3",
      "__actions_checkout_2",
      "__run_2",
    ]);
    expect(found.map((step) => step.name)).toEqual(found.map((step) => step.contextName));
  });

  test("say what they refer to", () => {
    const found = steps(`
- run: a
- uses: actions/cache/restore@v4
- uses: ./local/action
- uses: docker://alpine:3`);
    expect(found.map((step) => step.reference)).toEqual([
      { type: "script" },
      { type: "repository", name: "actions/cache", ref: "v4", repositoryType: "GitHub", path: "restore" },
      { type: "repository", name: "", ref: "", repositoryType: "self", path: "./local/action" },
      { type: "containerRegistry", image: "alpine:3" },
    ]);
  });

  test("carry everything that the file says, unevaluated", () => {
    const [script, action] = steps(`
- name: Say \${{ matrix.word }}
  if: failure()
  run: echo
  shell: bash
  working-directory: sub
  continue-on-error: true
  timeout-minutes: \${{ fromJSON(vars.minutes) }}
  env: { A: 1 }
- uses: actions/checkout@v4
  with: { fetch-depth: 0 }`);
    expect(script).toEqual({
      type: "action",
      name: "__run",
      contextName: "__run",
      condition: "failure()",
      reference: { type: "script" },
      displayNameToken: { type: 3, expr: "format('Say {0}', matrix.word)" },
      continueOnError: true,
      timeoutInMinutes: { type: 3, expr: "fromJSON(vars.minutes)" },
      environment: { type: 2, map: [{ Key: "A", Value: "1" }] },
      inputs: {
        type: 2,
        map: [
          { Key: "script", Value: "echo" },
          { Key: "workingDirectory", Value: "sub" },
          { Key: "shell", Value: "bash" },
        ],
      },
    });
    expect(action?.inputs).toEqual({ type: 2, map: [{ Key: "fetch-depth", Value: "0" }] });
    expect(action).not.toHaveProperty("displayNameToken");
  });

  test.each([
    ["|", "if true; then\n  echo 'it''s' main {x}\nfi\n"],
    ["|-", "if true; then\n  echo 'it''s' main {x}\nfi"],
  ])("a script with expressions in a block scalar %s has its text exactly", (header, text) => {
    const [step] = steps(`
- run: ${header}
    if true; then
      echo 'it''s' \${{ github.ref_name }} {x}
    fi`);
    const scope = { contexts: { github: toContextData({ ref_name: "main" }) } };
    expect(evaluateMapping(step?.inputs, scope).get("script")).toBe(text);
  });

  test("insert and anchors come through", () => {
    const [first, second] = steps(`
- run: a
  env: &shared { "\${{ insert }}": "\${{ fromJSON('{}') }}" }
- run: b
  env: *shared`);
    expect(first?.environment).toEqual({
      type: 2,
      map: [{ Key: { type: 4, directive: "insert" }, Value: { type: 3, expr: "fromJSON('{}')" } }],
    });
    expect(second?.environment).toEqual(first?.environment);
  });
});

describe("a file that GitHub would refuse", () => {
  const steps = "    runs-on: x\n    steps:\n";
  test.each<[string, string, [number, number, string][]]>([
    ["is empty", "", [[1, 1, "Expected a scalar value"]]],
    ["is a list", "- a", [[1, 1, "A sequence was not expected"]]],
    ["is no YAML", "on: push\njobs: [a\nb: c", [[3, 1, "Flow sequence"]]],
    ["has no jobs", "on: push\n", [[1, 1, "Required property is missing: jobs"]]],
    ["has an unknown event", `on: pushed\n${minimal}`, [[1, 5, "Unexpected value 'pushed'"]]],
    ["has an unknown key", `on: push\nenvs: {}\n${minimal}`, [[2, 1, "Unexpected value 'envs'"]]],
    [
      "names an unknown context",
      `on: push\njobs:\n  a:\n${steps}    - run: echo hi \${{ foo.bar }}\n`,
      [[6, 20, "Unrecognized named-value: 'foo'"]],
    ],
    [
      "names an unknown context within a block scalar",
      `on: push\njobs:\n  a:\n${steps}    - run: |\n        echo hi\n        echo \${{ foo.bar }}\n`,
      [[8, 14, "Unrecognized named-value: 'foo'"]],
    ],
    [
      "names a context where it is not allowed",
      `on: push\njobs:\n  a:\n    if: matrix.x\n${steps}    - run: a\n`,
      [[4, 9, "Unrecognized named-value: 'matrix'"]],
    ],
    [
      "has two errors",
      `on: push\njobs:\n  a:\n${steps}    - run: \${{ a }}\n    - run: \${{ b }}\n`,
      [
        [6, 12, "Unrecognized named-value: 'a'"],
        [7, 12, "Unrecognized named-value: 'b'"],
      ],
    ],
    [
      "does not close an expression",
      `on: push\njobs:\n  a:\n${steps}    - run: \${{ github.ref\n`,
      [[6, 12, "The expression is not closed"]],
    ],
    [
      "needs an unknown job",
      `on: push\njobs:\n  b: { runs-on: x, steps: [{ run: a }] }\n  a:\n    needs: [c]\n${steps}    - run: a\n`,
      [[5, 13, "Job 'a' depends on unknown job 'c'."]],
    ],
    [
      "needs in a circle",
      "on: push\njobs:\n  r: { runs-on: x, steps: [{ run: a }] }\n  a: { needs: b, runs-on: x, steps: [{ run: a }] }\n  b: { needs: a, runs-on: x, steps: [{ run: a }] }\n",
      [
        [4, 15, "Job 'a' depends on job 'b' which creates a cycle in the dependency graph."],
        [5, 15, "Job 'b' depends on job 'a' which creates a cycle in the dependency graph."],
      ],
    ],
    [
      "uses an action without ref",
      `on: push\njobs:\n  a:\n${steps}    - uses: actions/checkout\n`,
      [[6, 13, "Expected format {org}/{repo}[/path]@ref. Actual 'actions/checkout'"]],
    ],
    [
      "has a step without run or uses",
      `on: push\njobs:\n  a:\n${steps}    - name: x\n`,
      [[6, 7, "There's not enough info"]],
    ],
    [
      "has two steps of one id",
      `on: push\njobs:\n  a:\n${steps}    - { run: a, id: x }\n    - { run: b, id: x }\n`,
      [[7, 21, "The identifier 'x' may not be used more than once"]],
    ],
    [
      "has a choice without options",
      `on: { workflow_dispatch: { inputs: { a: { type: choice } } } }\n${minimal}`,
      [[1, 41, "Missing 'options' for choice input"]],
    ],
  ])("%s", (_name, content, expected) => {
    let error: unknown;
    try {
      workflowOf(content);
    } catch (thrown) {
      error = thrown;
    }
    if (!(error instanceof WorkflowError)) throw new Error(`Not refused: ${error}`);
    const found = error.errors.map(({ line, column, message }) => [line, column, message]);
    expect(found).toEqual(expected.map(([line, column, text]) => [line, column, expect.stringContaining(text)]));
    for (const [line, column] of expected) expect(error.message).toContain(`${path} (Line: ${line}, Col: ${column}): `);
  });
});
