import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { run } from "../e2e/cli.ts";

let folder: string;
let env: Record<string, string>;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "modal-gha-config-"));
});
beforeEach(() => {
  env = { XDG_CONFIG_HOME: mkdtempSync(join(folder, "home-")) };
});
afterAll(() => rmSync(folder, { recursive: true }));

function policyFile(text: string): string {
  const file = join(mkdtempSync(join(folder, "policy-")), "modal-gha.yaml");
  writeFileSync(file, text);
  return file;
}

const valid = "fleet: a\ngithub: { owner: a }\npools:\n  - { name: cpu, labels: [modal] }\n";
const doubtful = valid.replace("[modal]", "[ubuntu-latest]");
const invalid = valid.replace("[modal]", "[]").replace("fleet: a", "flet: a");

describe("config validate", () => {
  it("says that a policy is valid, and what its hash is", async () => {
    const file = policyFile(valid);
    const { code, stdout, stderr } = await run(["config", "validate", file], env);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^\S+modal-gha\.yaml: valid; 1 pool \(cpu\), hash [0-9a-f]{12}\n$/);
  });

  it("prints warnings, and ends well", async () => {
    const file = policyFile(doubtful);
    const { code, stdout } = await run(["config", "validate", file], env);
    expect(code).toBe(0);
    const [warning, summary] = stdout.split("\n");
    expect(warning).toContain(`${file}:4:27 warning pools[0].labels[0]: ubuntu-latest is GitHub's own`);
    expect(summary).toContain(`${file}: valid, 1 warning; 1 pool (cpu)`);
  });

  it("prints every fault with its place, and ends with 1", async () => {
    const file = policyFile(invalid);
    const { code, stdout } = await run(["config", "validate", file], env);
    expect(code).toBe(1);
    expect(stdout.split("\n")).toEqual([
      `${file}:1:1 error fleet: this is missing`,
      `${file}:1:1 error flet: there is no such key; did you mean fleet?`,
      `${file}:4:18 error pools[0].labels: a pool needs at least one label, or no job can ask for it`,
      `${file}: 3 errors`,
      "",
    ]);
  });

  it("prints one JSON document, valid or not", async () => {
    const [good, bad] = [policyFile(doubtful), policyFile(invalid)];
    const accepted = await run(["config", "validate", good, "--json"], env);
    expect([accepted.code, JSON.parse(accepted.stdout)]).toEqual([
      0,
      {
        file: good,
        valid: true,
        hash: expect.stringMatching(/^[0-9a-f]{12}$/),
        pools: ["cpu"],
        faults: [],
        warnings: [
          { line: 4, column: 27, path: "pools[0].labels[0]", message: expect.stringContaining("ubuntu-latest") },
        ],
      },
    ]);
    const refused = await run(["config", "validate", bad, "--json"], env);
    expect([refused.code, JSON.parse(refused.stdout)]).toMatchObject([
      1,
      { file: bad, valid: false, hash: null, faults: [{}, {}, { line: 4, column: 18 }], warnings: [] },
    ]);
  });

  it("takes the settings' policy unless told, and says what to do where there is none", async () => {
    const file = policyFile(valid);
    const found = await run(["config", "validate"], { ...env, MODAL_GHA_POLICY: file });
    expect([found.code, found.stdout]).toEqual([0, expect.stringContaining(`${file}: valid`)]);
    const missing = await run(["config", "validate", join(folder, "none.yaml")], env);
    expect([missing.code, missing.stdout]).toEqual([1, ""]);
    expect(missing.stderr).toContain(`There is no policy file ${join(folder, "none.yaml")}.`);
    expect(missing.stderr).toContain("modal-gha config validate <file>");
  });
});

describe("config set, get and path", () => {
  const cli = (...args: string[]) => run(["config", ...args], env);

  it("stores a value that get shows, in the file that path names", async () => {
    const file = join(env["XDG_CONFIG_HOME"] as string, "modal-gha", "config.json");
    expect(await cli("path")).toEqual({ code: 0, stdout: `${file}\n`, stderr: "" });
    expect(JSON.parse((await cli("path", "--json")).stdout)).toEqual({ file, exists: false });

    const set = await cli("set", "githubAppId", "123", "--json");
    expect(JSON.parse(set.stdout)).toEqual({ name: "githubAppId", value: "123", fleet: null, file });
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ githubAppId: "123" });

    expect(await cli("get", "githubAppId")).toEqual({ code: 0, stdout: "123\n", stderr: "" });
    expect(JSON.parse((await cli("get", "githubappid", "--json")).stdout)).toEqual({
      name: "githubAppId",
      isSet: true,
      value: "123",
      secret: false,
      source: { kind: "stored", file },
    });
    expect(JSON.parse((await cli("path", "--json")).stdout)).toEqual({ file, exists: true });
  });

  it("says when the environment goes before what was stored", async () => {
    env["GITHUB_API_URL"] = "https://ghes.example/api/v3";
    const { stderr } = await cli("set", "githubApiUrl", "https://other.example");
    expect(stderr).toContain("Here GITHUB_API_URL in the environment goes before it.");
    expect((await cli("get", "githubApiUrl")).stdout).toBe("https://ghes.example/api/v3\n");
  });

  it("lists all settings, and shows no secret", async () => {
    env["GH_TOKEN"] = "ghp_0123456789abcdefghij";
    const { stdout } = await cli("get");
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toEqual(
      expect.arrayContaining([
        "githubApiUrl\thttps://api.github.com\tdefault",
        "githubToken\t(hidden)\tGH_TOKEN",
        "githubAppId\t\tnot set",
      ]),
    );
    expect((await cli("get", "githubToken")).stdout).toBe("(hidden)\n");
    const json = await cli("get", "--json");
    expect(JSON.parse(json.stdout)).toContainEqual({
      name: "githubToken",
      isSet: true,
      value: null,
      secret: true,
      source: { kind: "environment", name: "GH_TOKEN" },
    });
    expect(stdout + json.stdout).not.toContain("ghp_");
  });

  it("ends with 1 where a setting is not set, and with 2 where there is none, or the value cannot be", async () => {
    expect(await cli("get", "githubAppId")).toEqual({ code: 1, stdout: "", stderr: "githubAppId is not set.\n" });
    expect((await cli("get", "nothing")).code).toBe(2);
    expect((await cli("set", "githubAppId", "abc")).code).toBe(2);
    const secret = await cli("set", "githubToken", "ghp_0123456789abcdefghij");
    expect([secret.code, secret.stdout]).toEqual([2, ""]);
    expect(secret.stderr).toContain("Set MODAL_GHA_GITHUB_TOKEN in the environment instead.");
    expect(secret.stderr).not.toContain("ghp_0");
  });
});

describe("config of several fleets", () => {
  const cli = (...args: string[]) => run(["config", ...args], env);
  const stored = () =>
    JSON.parse(readFileSync(join(env["XDG_CONFIG_HOME"] as string, "modal-gha", "config.json"), "utf8"));

  it("stores for the fleet that is named, lists them, and says which one is meant", async () => {
    await cli("set", "githubAppId", "1");
    const first = await cli("set", "--fleet", "staging", "policyFile", "/staging.yaml");
    expect(first.stderr).toBe(
      "The fleet staging is new in the settings.\npolicyFile of the fleet staging is /staging.yaml from now on.\n",
    );
    await cli("set", "--fleet", "prod", "policyFile", "/prod.yaml");
    await cli("set", "--fleet", "prod", "githubAppId", "2");
    expect(await cli("set", "fleet", "prod")).toMatchObject({ code: 0, stderr: "fleet is prod from now on.\n" });
    expect(stored()).toEqual({
      githubAppId: "1",
      fleet: "prod",
      fleets: { staging: { policyFile: "/staging.yaml" }, prod: { policyFile: "/prod.yaml", githubAppId: "2" } },
    });
    expect(await cli("fleets")).toMatchObject({
      code: 0,
      stdout:
        "prod\tmeant\t/prod.yaml\t2\thttps://api.github.com\t\t\n" +
        "staging\t\t/staging.yaml\t1\thttps://api.github.com\t\t\n",
    });
    expect((await cli("get", "policyFile")).stdout).toBe("/prod.yaml\n");
    expect((await cli("get", "policyFile", "--fleet", "staging")).stdout).toBe("/staging.yaml\n");
    const [here] = JSON.parse((await run(["config", "fleets", "--json", "--fleet", "staging"], env)).stdout);
    expect(here).toEqual({
      ...{ fleet: "prod", isMeant: false, policyFile: "/prod.yaml", githubAppId: "2", webhookUrl: null },
      ...{ githubApiUrl: "https://api.github.com", modalProfile: null, modalEnvironment: null },
    });
  });

  it("stores for the fleet that is meant, or with --shared for all", async () => {
    await cli("set", "--fleet", "prod", "policyFile", "/prod.yaml");
    await cli("set", "fleet", "prod");
    await cli("set", "githubAppId", "5");
    await cli("set", "githubAppId", "6", "--shared");
    expect(stored()).toEqual({
      ...{ fleet: "prod", githubAppId: "6" },
      fleets: { prod: { policyFile: "/prod.yaml", githubAppId: "5" } },
    });
    expect((await cli("unset", "githubAppId")).stderr).toBe("githubAppId of the fleet prod is not stored any more.\n");
    expect((await cli("get", "githubAppId")).stdout).toBe("6\n");
    expect(JSON.parse((await cli("unset", "githubAppId", "--shared", "--json")).stdout)).toMatchObject({
      ...{ name: "githubAppId", fleet: null, wasStored: true },
    });
    expect((await cli("unset", "--all")).stderr).toBe("The settings have no fleet prod any more.\n");
    expect(stored()).toEqual({});
    expect(await cli("unset", "policyFile")).toMatchObject({ code: 0, stderr: "policyFile was not stored.\n" });
  });

  it("refuses what would go wrong later", async () => {
    await cli("set", "--fleet", "prod", "policyFile", "/prod.yaml");
    for (const [args, message] of [
      [["set", "fleet", "pord"], 'There is no fleet "pord" in the settings.'],
      [["get", "--fleet", "pord"], "The fleets are prod."],
      [["set", "--fleet", "Not A Name", "githubAppId", "1"], '"Not A Name" cannot be the name of a fleet.'],
      [["unset"], "Nothing says which setting is meant."],
      [["unset", "--all", "policyFile"], "It is either a setting or --all."],
      [["unset", "--all"], "Nothing says which fleet is meant."],
    ] as const) {
      const { code, stdout, stderr } = await cli(...args);
      expect([code, stdout, stderr]).toEqual([2, "", expect.stringContaining(message)]);
    }
    expect(stored()).toEqual({ fleets: { prod: { policyFile: "/prod.yaml" } } });
  });
});
