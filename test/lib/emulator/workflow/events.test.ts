import { describe, expect, test } from "vitest";
import { fromContextData } from "../../../../src/lib/emulator/workflow/context-data.ts";
import { InputError, resolveInputs } from "../../../../src/lib/emulator/workflow/dispatch-inputs.ts";
import { eventMatches, type TriggerEvent } from "../../../../src/lib/emulator/workflow/events.ts";
import { matchesFilter } from "../../../../src/lib/emulator/workflow/filter-patterns.ts";
import { workflowOf } from "./helpers.ts";

function workflowOn(on: string) {
  return workflowOf(`on: ${on}\njobs: { build: { runs-on: a, steps: [{ run: 'true' }] } }`);
}

describe("events", () => {
  const main: TriggerEvent = { name: "push", ref: "refs/heads/main" };
  const feature: TriggerEvent = { name: "push", ref: "refs/heads/feature/a/b" };
  const tag: TriggerEvent = { name: "push", ref: "refs/tags/v1.2" };
  const pull: TriggerEvent = { name: "pull_request", ref: "refs/pull/1/merge", baseRef: "main", action: "opened" };

  test.each<[string, TriggerEvent, boolean]>([
    ["push", main, true],
    ["push", tag, true],
    ["push", pull, false],
    ["workflow_dispatch", main, false],
    ["workflow_dispatch", { name: "workflow_dispatch", ref: "refs/heads/main" }, true],
    ["{ push: { branches: [main] } }", main, true],
    ["{ push: { branches: [main] } }", feature, false],
    ["{ push: { branches: ['feature/**'] } }", feature, true],
    ["{ push: { branches: ['feature/*'] } }", feature, false],
    ["{ push: { branches: ['**', '!feature/**'] } }", feature, false],
    ["{ push: { branches: ['**', '!feature/**', 'feature/a/**'] } }", feature, true],
    ["{ push: { branches-ignore: [main] } }", main, false],
    ["{ push: { branches-ignore: [main] } }", feature, true],
    // Filters on the one kind of ref leave out the other.
    ["{ push: { branches: ['**'] } }", tag, false],
    ["{ push: { tags: ['v*'] } }", tag, true],
    ["{ push: { tags: ['v*'] } }", main, false],
    ["{ push: { tags-ignore: ['v1.*'] } }", tag, false],
    ["{ push: { branches: [main], tags: [v1.2] } }", tag, true],
    ["{ push: { paths: ['src/**'] } }", { ...main, changedFiles: ["README.md", "src/a/b.ts"] }, true],
    ["{ push: { paths: ['src/**'] } }", { ...main, changedFiles: ["README.md"] }, false],
    ["{ push: { paths: ['src/**'] } }", main, true],
    ["{ push: { paths: ['src/**'] } }", { ...tag, changedFiles: ["README.md"] }, true],
    ["{ push: { paths-ignore: ['**.md'] } }", { ...main, changedFiles: ["docs/a.md"] }, false],
    ["{ push: { paths-ignore: ['**.md'] } }", { ...main, changedFiles: ["docs/a.md", "a.ts"] }, true],
    ["pull_request", pull, true],
    ["pull_request", { ...pull, action: "closed" }, false],
    ["{ pull_request: { types: [closed] } }", { ...pull, action: "closed" }, true],
    ["{ pull_request: { branches: [main] } }", pull, true],
    ["{ pull_request: { branches: [main] } }", { ...pull, baseRef: "old" }, false],
    ["{ release: { types: [published] } }", { name: "release", ref: "refs/tags/v1", action: "created" }, false],
    ["{ release: { types: [published] } }", { name: "release", ref: "refs/tags/v1", action: "published" }, true],
    ["push", { name: "constructor", ref: "refs/heads/main" }, false],
  ])("on: %s with %j starts: %s", (on, event, starts) => {
    expect(eventMatches(workflowOn(on), event)).toBe(starts);
  });
});

// From the cheat sheet of filter patterns in GitHub's documentation.
describe("filter patterns", () => {
  test.each<[string, string[], string[]]>([
    ["feature/*", ["feature/my-branch"], ["feature/a/b", "feature"]],
    ["feature/**", ["feature/beta-a/my-branch", "feature/x"], ["features/x"]],
    ["*", ["main", "releases"], ["all/the/branches"]],
    ["**", ["all/the/branches", "every/tag"], []],
    ["*feature", ["mona-feature", "feature", "ver-10-feature"], ["a/feature"]],
    ["v2*", ["v2", "v2.0", "v2.9"], ["v1"]],
    ["v[12].[0-9]+.[0-9]+", ["v1.10.1", "v2.0.0"], ["v3.0.0", "v1.x.0", "v1a10.1"]],
    ["*.jsx?", ["page.js", "page.jsx"], ["page.ts"]],
    ["**.js", ["index.js", "js/index.js", "src/js/app.js"], ["index.jsx"]],
    ["docs/*", ["docs/README.md"], ["docs/mona/octocat.txt"]],
    ["**/docs/**", ["docs/hello.md", "dir/docs/my-file.txt"], ["docs"]],
    ["**/README.md", ["README.md", "js/README.md"], ["README.mdx"]],
    ["**/*src/**", ["a/src/app.js", "my-src/code/js/app.js"], ["srca/x"]],
    ["a\\*b", ["a*b"], ["axb"]],
    ["+a(b)", ["+a(b)"], ["ab"]],
  ])("%s", (pattern, matching, others) => {
    expect(matching.filter((name) => !matchesFilter([pattern], name))).toEqual([]);
    expect(others.filter((name) => matchesFilter([pattern], name))).toEqual([]);
  });

  test("with nothing but exceptions match nothing", () => {
    expect(matchesFilter(["!a"], "b")).toBe(false);
  });
});

describe("inputs of a dispatch", () => {
  const workflow = workflowOn(
    "{ workflow_dispatch: { inputs: { name: { required: true }, level: { type: choice, options: [low, high], default: low }, " +
      "dry: { type: boolean }, count: { type: number, default: 3 }, note: { default: none, required: true }, free: { type: string } } } }",
  );

  test.each<[Record<string, unknown>, object]>([
    [{ name: "a" }, { name: "a", level: "low", dry: false, count: 3, note: "none", free: "" }],
    [
      { NAME: "a", level: "high", dry: "true", count: "7", note: "x", free: "y" },
      { name: "a", level: "high", dry: true, count: 7, note: "x", free: "y" },
    ],
    [
      { name: 5, dry: true, count: 0.5 },
      { name: "5", level: "low", dry: true, count: 0.5, note: "none", free: "" },
    ],
  ])("%j", (given, inputs) => {
    expect(fromContextData(resolveInputs(workflow, given))).toEqual(inputs);
  });

  test.each<[Record<string, unknown>, string[]]>([
    [{}, ["Required input 'name' not provided"]],
    [{ name: "" }, ["Required input 'name' not provided"]],
    [{ name: "a", other: 1, more: 2 }, ['Unexpected inputs provided: ["other","more"]']],
    [{ name: "a", level: "mid" }, [`Provided value "mid" for input 'level' is not one of ["low","high"]`]],
    [{ name: "a", dry: "perhaps" }, [`Provided value "perhaps" for input 'dry' is not a boolean`]],
    [{ name: "a", count: "many" }, [`Provided value "many" for input 'count' is not a number`]],
    [{ name: { a: 1 } }, [`Provided value {"a":1} for input 'name' is not a string`]],
    [{ extra: 1 }, ['Unexpected inputs provided: ["extra"]', "Required input 'name' not provided"]],
  ])("%j is refused", (given, problems) => {
    const resolve = () => resolveInputs(workflow, given);
    expect(resolve).toThrow(InputError);
    expect(resolve).toThrow(problems.join("\n"));
  });

  test("are refused where the workflow has no such trigger", () => {
    expect(() => resolveInputs(workflowOn("push"), {})).toThrow("Workflow does not have 'workflow_dispatch' trigger");
    expect(resolveInputs(workflowOn("workflow_dispatch"), {})).toEqual({ t: 2, d: [] });
  });
});
