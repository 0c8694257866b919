import { globSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { packageFile, packageRoot } from "../../../src/lib/package-root.ts";
import { knownKeys, policyJsonSchema } from "../../../src/lib/policy/json-schema.ts";
import { resolveJob } from "../../../src/lib/policy/match.ts";
import { checkPolicy, PolicyError, parsePolicy } from "../../../src/lib/policy/parse.ts";

const committed = JSON.parse(readFileSync(packageFile("templates", "modal-gha.schema.json"), "utf8"));
const schema = z.fromJSONSchema(committed);

/** Every policy that we show to people: whole files of templates/, and the YAML of docs/policy.md that names the file. */
const examples = new Map(
  globSync("templates/*policy*.yaml", { cwd: packageRoot }).map((file) => [
    file,
    readFileSync(packageFile(file), "utf8"),
  ]),
);
const guide = readFileSync(packageFile("docs", "policy.md"), "utf8");
for (const [, text] of guide.matchAll(/```yaml\n(# modal-gha\.yaml[\s\S]*?)```/g))
  examples.set(`docs/policy.md ${examples.size}`, text!);

describe("templates/modal-gha.schema.json", () => {
  it("is up to date", () => {
    expect(committed).toEqual(policyJsonSchema());
  });

  it("has examples to look at", () => {
    expect([...examples.keys()].map((name) => name.split(" ")[0])).toEqual(
      expect.arrayContaining(["docs/policy.md", "templates/rehearsal-policy.yaml"]),
    );
  });

  it.each([...examples])(
    "accepts %s, as the program does, which has nothing to warn of but GitHub's labels",
    (_, text) => {
      expect(schema.safeParse(parse(text)).error).toBeUndefined();
      const warnings = checkPolicy(text).warnings.filter(({ message }) => !message.includes("GitHub's own"));
      expect(warnings).toEqual([]);
    },
  );

  it.each([
    "fleet: A b\ngithub: { owner: a }\npools: [{ name: x, labels: [l] }]",
    "fleet: a\ngithub: { owner: a }\npools: []",
    "fleet: a\ngithub: { owner: a }\npools: [{ name: x, labels: [l], timeout: 90 }]",
    "fleet: a\ngithub: { owner: a }\npools: [{ name: x, labels: [l], gpu: 'H100:9' }]",
    "fleet: a\ngithub: { owner: a }\npools: [{ name: x, labels: [l], more: 1 }]",
    "fleet: a\ngithub: { owner: a, scope: org }\npools: [{ name: x, labels: [l] }]",
  ])("refuses, as the program does: %s", (text) => {
    expect(schema.safeParse(parse(text)).success).toBe(false);
    expect(() => checkPolicy(text)).toThrow(PolicyError);
  });
});

describe("docs/policy.md", () => {
  it("shows jobs that its own policy serves", () => {
    const policy = parsePolicy(examples.get("docs/policy.md 1") as string);
    const jobs = [...guide.matchAll(/(?:^|# )runs-on: (\[.*\])$/gm)].map(([, list]) => list);
    expect(jobs.length).toBeGreaterThan(2);
    for (const labels of jobs) expect(resolveJob(policy, parse(labels as string))).toMatchObject({ kind: "pool" });
  });
});

describe("knownKeys", () => {
  it.each([
    [[], ["fleet", "github", "image", "access", "limits", "prices", "controller", "pools"]],
    [
      ["pools", 3, "volumes", 0],
      ["name", "path", "per-repository"],
    ],
    [["fleet"], []],
    [["nothing", 2], []],
  ])("%j", (path, expected) => {
    expect(knownKeys(path)).toEqual(expected);
  });
});
