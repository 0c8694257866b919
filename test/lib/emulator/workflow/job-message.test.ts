import { describe, expect, test } from "vitest";
import type { ContextData } from "../../../../src/lib/emulator/runner-protocol.ts";
import { toDictionaryData } from "../../../../src/lib/emulator/workflow/context-data.ts";
import {
  evaluateCondition,
  evaluateMapping,
  evaluateText,
  type Scope,
} from "../../../../src/lib/emulator/workflow/expressions.ts";
import { buildJobMessage, type JobMessageData } from "../../../../src/lib/emulator/workflow/job-message.ts";
import { path, plannedJobs, workflowOf } from "./helpers.ts";

const workflow = workflowOf(`
name: CI
on: push
env: { LEVEL: workflow, REF: "\${{ github.ref }}" }
defaults: { run: { shell: bash } }
jobs:
  setup:
    runs-on: modal
    outputs: { word: "\${{ steps.say.outputs.word }}" }
    steps: [{ run: "true", id: say }]
  build:
    needs: setup
    runs-on: [modal, "\${{ matrix.size }}"]
    strategy: { matrix: { size: [small, large] } }
    env: { LEVEL: job, PASSWORD: "\${{ secrets.PASSWORD }}" }
    outputs: { both: "\${{ steps.first.outputs.a }}-\${{ matrix.size }}" }
    steps:
      - id: first
        name: First of \${{ matrix.size }}
        run: |
          echo '\${{ needs.setup.outputs.word }}' '\${{ vars.REGION }}'
        env: { SHA: "\${{ github.sha }}" }
      - run: echo \${{ inputs.target }}
        if: failure() && matrix.size == 'large'
      - uses: actions/checkout@v4
`);

const finished = { setup: { result: "success" as const, outputs: { word: "hello" } } };

function message(key: string, changes: Partial<JobMessageData> = {}, from = workflow) {
  const [planned] = plannedJobs(from, { finished, vars: { REGION: "eu" }, inputs: { target: "x" } }, key);
  if (!planned) throw new Error("No job was planned");
  let ids = 0;
  return buildJobMessage(planned, {
    planId: "plan",
    jobId: "job",
    requestId: 42,
    scopeIdentifier: "scope",
    runServiceUrl: "http://127.0.0.1/run/",
    resultsUrl: "http://127.0.0.1/results/",
    accessToken: "access.token",
    githubToken: "ghs_token",
    lockedUntil: "2026-11-23T12:00:00Z",
    secrets: { PASSWORD: "pass(word)*" },
    github: toDictionaryData({ ref: "refs/heads/main", sha: "abc", job: "stale" }),
    newId: () => `step-${++ids}`,
    ...changes,
  });
}

/** The scope that a runner makes of a message: the contexts as they came, and the secrets out of the variables. */
function scopeOf(built: ReturnType<typeof message>, more: Record<string, ContextData> = {}): Scope {
  const secrets = Object.entries(built.variables).flatMap(([name, { value, isSecret }]) =>
    isSecret && name !== "system.github.token" ? [[name, value]] : [],
  );
  return {
    contexts: { ...built.contextData, secrets: toDictionaryData(Object.fromEntries(secrets)), ...more },
    functions: { success: () => true, failure: () => true },
  };
}

/** What the runner receives. */
function overTheWire<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

describe("the job message", () => {
  test("has the shape of the protocol", () => {
    expect(overTheWire(message("setup"))).toEqual({
      messageType: "PipelineAgentJobRequest",
      plan: { scopeIdentifier: "scope", planId: "plan", planType: "actions", planGroup: "actions", version: 1 },
      timeline: { id: "plan" },
      jobId: "job",
      jobDisplayName: "setup",
      jobName: "setup",
      requestId: 42,
      lockedUntil: "2026-11-23T12:00:00Z",
      resources: {
        endpoints: [
          {
            name: "SystemVssConnection",
            url: "http://127.0.0.1/run/",
            authorization: { scheme: "OAuth", parameters: { AccessToken: "access.token" } },
            data: { ResultsServiceUrl: "http://127.0.0.1/results/" },
          },
        ],
      },
      variables: {
        PASSWORD: { value: "pass(word)*", isSecret: true },
        github_token: { value: "ghs_token", isSecret: true },
        "system.github.token": { value: "ghs_token", isSecret: true },
        "system.github.job": { value: "setup" },
        "system.github.results_endpoint": { value: "http://127.0.0.1/results/" },
      },
      mask: ["pass\\(word\\)\\*", "ghs_token", "access\\.token"].map((value) => ({ type: "regex", value })),
      steps: [
        {
          type: "action",
          id: "step-1",
          name: "say",
          contextName: "say",
          condition: "success()",
          reference: { type: "script" },
          inputs: { type: 2, map: [{ Key: "script", Value: "true" }] },
        },
      ],
      contextData: {
        github: toDictionaryData({ ref: "refs/heads/main", sha: "abc", job: "setup" }),
        matrix: null,
        strategy: toDictionaryData({ "fail-fast": true, "job-index": 0, "job-total": 1, "max-parallel": 1 }),
        needs: { t: 2, d: [] },
        vars: toDictionaryData({ REGION: "eu" }),
        inputs: toDictionaryData({ target: "x" }),
      },
      environmentVariables: [
        {
          type: 2,
          map: [
            { Key: "LEVEL", Value: "workflow" },
            { Key: "REF", Value: { type: 3, expr: "github.ref" } },
          ],
        },
      ],
      defaults: [{ type: 2, map: [{ Key: "run", Value: { type: 2, map: [{ Key: "shell", Value: "bash" }] } }] }],
      jobOutputs: { type: 2, map: [{ Key: "word", Value: { type: 3, expr: "steps.say.outputs.word" } }] },
      fileTable: [path],
    });
  });

  test("leaves out what the workflow does not say", () => {
    const bare = workflowOf("on: push\njobs: { build: { runs-on: a, steps: [{ run: 'true' }] } }");
    const built = message("build", {}, bare);
    for (const absent of ["environmentVariables", "defaults", "jobOutputs"]) expect(built).not.toHaveProperty(absent);
  });

  test("evaluates on the other side as the file says", () => {
    const built = overTheWire(message("build"));
    const scope = scopeOf(built, { steps: toDictionaryData({ first: { outputs: { a: "out" } } }) });
    const env = new Map(built.environmentVariables?.flatMap((token) => [...evaluateMapping(token, scope)]));
    expect(Object.fromEntries(env)).toEqual({ LEVEL: "job", REF: "refs/heads/main", PASSWORD: "pass(word)*" });
    expect(evaluateMapping(built.jobOutputs, scope)).toEqual(new Map([["both", "out-small"]]));
    const [first, second, third] = built.steps;
    expect(evaluateText(first?.displayNameToken, scope)).toBe("First of small");
    expect(evaluateMapping(first?.inputs, scope).get("script")).toBe("echo 'hello' 'eu'\n");
    expect(evaluateMapping(first?.environment, scope)).toEqual(new Map([["SHA", "abc"]]));
    expect(evaluateMapping(second?.inputs, scope).get("script")).toBe("echo x");
    expect(evaluateCondition(first?.condition ?? "", scope)).toBe(true);
    expect(evaluateCondition(second?.condition ?? "", scope)).toBe(false);
    expect(third?.reference).toEqual({
      type: "repository",
      name: "actions/checkout",
      ref: "v4",
      repositoryType: "GitHub",
    });
    expect(built.steps.map((step) => step.id)).toEqual(["step-1", "step-2", "step-3"]);
    expect(built.jobDisplayName).toBe("build (small)");
    expect(built.jobName).toBe("build");
  });

  test("gives the token as a secret of its own", () => {
    expect(evaluateText({ type: 3, expr: "secrets.GITHUB_TOKEN" }, scopeOf(message("setup")))).toBe("ghs_token");
  });

  test("masks secrets whole and line by line, and shows them nowhere but in the variables", () => {
    const key = "-----BEGIN KEY-----\r\n a+b/c= \n\n[end].$";
    const built = message("build", { secrets: { KEY: key, EMPTY: "", PASSWORD: "pass(word)*" } });
    const masks = built.mask.map(({ value }) => value);
    for (const text of [key, "-----BEGIN KEY-----", "a+b/c=", "[end].$", "pass(word)*", "ghs_token", "access.token"]) {
      expect(
        masks.some((mask) => new RegExp(`^(?:${mask})$`).test(text)),
        text,
      ).toBe(true);
    }
    expect(masks).not.toContain("");
    const { variables, mask, ...rest } = built;
    expect(variables["KEY"]).toEqual({ value: key, isSecret: true });
    expect(mask).toHaveLength(new Set(masks).size);
    const visible = JSON.stringify(rest);
    for (const text of ["BEGIN KEY", "a+b/c", "pass(word)", "ghs_token"]) expect(visible).not.toContain(text);
  });
});
