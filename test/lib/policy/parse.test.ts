import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { packageFile } from "../../../src/lib/package-root.ts";
import { PolicyError, parsePolicy } from "../../../src/lib/policy/parse.ts";

function faults(text: string): string[] {
  try {
    parsePolicy(text);
    return [];
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return error.message.split("\n");
  }
}

const pools = "pools: [{ name: cpu, labels: [modal] }]";

describe("parsePolicy", () => {
  it("fills in what is left out", () => {
    expect(parsePolicy(`fleet: acme\ngithub: { owner: acme }\n${pools}`)).toEqual({
      fleet: "acme",
      github: { owner: "acme", scope: "organization", runnerGroupId: 1 },
      image: "modal-gha-runner",
      access: { repositories: ["acme/*"] },
      limits: { maxRunners: 100 },
      pools: [
        {
          name: "cpu",
          labels: ["modal"],
          cpu: 2,
          memoryMiB: 4096,
          gpu: undefined,
          timeoutSeconds: 7200,
          idleTimeoutSeconds: 300,
          maxRunners: 20,
          image: undefined,
          regions: [],
        },
      ],
    });
  });

  it("reads sizes and durations", () => {
    const pool = "{ name: gpu, labels: [g], gpu: A100-80GB:2, memory: 1.5g, timeout: 1h30m, idle-timeout: 45s }";
    const [read] = parsePolicy(`fleet: a\ngithub: { owner: a }\npools:\n  - ${pool}`).pools;
    expect(read).toMatchObject({ gpu: "A100-80GB:2", memoryMiB: 1536, timeoutSeconds: 5400, idleTimeoutSeconds: 45 });
  });

  it.each([
    [
      "every fault at once, each with its place",
      "fleet: A b\ngithub:\n  owner: acme\npools:\n  - name: cpu\n    labels: []\n    timeout: 25h\n",
      [
        "modal-gha.yaml:1:1 fleet: use 1 to 24 of a-z, 0-9 and -, not at the ends",
        "modal-gha.yaml:6:5 pools[0].labels: a pool needs at least one label, or no job can ask for it",
        "modal-gha.yaml:7:5 pools[0].timeout: Modal ends a Sandbox after 24h; write 24h or less",
      ],
    ],
    [
      "a key that does not exist",
      `fleet: a\ngithub: { owner: a }\nlimit: 3\n${pools}`,
      ["modal-gha.yaml:3:1 limit: there is no such key; see the policy reference"],
    ],
    [
      "two pools of one name",
      "fleet: a\ngithub: { owner: a }\npools:\n  - { name: x, labels: [a] }\n  - { name: x, labels: [b] }",
      ["modal-gha.yaml:5:7 pools[1].name: pool 1 has the name x already"],
    ],
    [
      "a GPU that cannot be one",
      "fleet: a\ngithub: { owner: a }\npools:\n  - name: x\n    labels: [a]\n    gpu: H100:9",
      ["modal-gha.yaml:6:5 pools[0].gpu: write a Modal GPU such as T4, H100 or A100-80GB:2"],
    ],
    [
      "a size without a unit",
      "fleet: a\ngithub: { owner: a }\npools:\n  - { name: x, labels: [a], memory: '4' }",
      ["modal-gha.yaml:4:29 pools[0].memory: write a size of at least 128MiB, such as 512MiB or 32GiB"],
    ],
  ])("names %s", (_, text, expected) => {
    expect(faults(text)).toEqual(expected);
  });

  it("names the place of a fault in the YAML itself", () => {
    expect(faults("fleet: [a\n")[0]).toMatch(/^modal-gha\.yaml:\d+:\d+ \S/);
  });

  it("says of an empty file what is missing", () => {
    expect(faults("").join("\n")).toContain("modal-gha.yaml:1:1 fleet: ");
  });

  it("accepts the policy that dev and demo use", () => {
    const text = readFileSync(packageFile("templates", "rehearsal-policy.yaml"), "utf8");
    expect(parsePolicy(text).pools.map((pool) => pool.name)).toEqual(["cpu", "gpu-t4"]);
  });
});
