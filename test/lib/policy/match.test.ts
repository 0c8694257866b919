import { describe, expect, it } from "vitest";
import { allowsRepository, matchPool, runnerLabels } from "../../../src/lib/policy/match.ts";
import { parsePolicy } from "../../../src/lib/policy/parse.ts";

const policy = parsePolicy(`
fleet: test
github: { owner: acme }
access: { repositories: ["acme/*", "other/tool-*"] }
pools:
  - { name: gpu, labels: [modal, GPU], gpu: T4 }
  - { name: cpu, labels: [modal] }
  - { name: spare, labels: [modal] }
`);

describe("matchPool", () => {
  it.each([
    [["modal"], "cpu"],
    [["self-hosted", "linux", "x64", "modal"], "cpu"],
    [["self-hosted", "Linux", "X64", "MODAL", "gpu"], "gpu"],
    [["gpu"], "gpu"],
    [["modal", "arm64"], undefined],
    [["modal", "macos"], undefined],
    [["self-hosted"], undefined],
    [["self-hosted", "linux"], undefined],
    [[], undefined],
    [["ubuntu-latest"], undefined],
  ])("%j -> %s", (labels, expected) => {
    expect(matchPool(policy, labels)?.name).toBe(expected);
  });

  it("gives runners every label that a job of the pool can ask for", () => {
    const [gpu] = policy.pools;
    expect(gpu && runnerLabels(gpu)).toEqual(["self-hosted", "linux", "x64", "modal", "gpu"]);
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
