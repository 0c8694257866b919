import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { openPolicy } from "../../../src/lib/operations/open-policy.ts";
import { SettingsStore, settingsFolder } from "../../../src/lib/settings/store.ts";

let folder: string;
let env: Record<string, string>;
let store: SettingsStore;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "modal-gha-open-policy-"));
  env = { XDG_CONFIG_HOME: folder };
  store = new SettingsStore(settingsFolder(env));
  for (const fleet of ["acme", "other"]) {
    const text = `fleet: ${fleet}\ngithub: { owner: a }\npools:\n  - { name: cpu, labels: [modal] }\n`;
    writeFileSync(join(folder, `${fleet}.yaml`), text);
  }
  await store.setProfile("acme", { policyFile: join(folder, "acme.yaml"), githubAppId: "1" });
  await store.setProfile("wrong", { policyFile: join(folder, "other.yaml") });
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

async function open(more: Record<string, string> = {}) {
  const warnings: string[] = [];
  const { policy, settings } = await openPolicy({ env: { ...env, ...more }, warn: (text) => warnings.push(text) });
  return { fleet: policy.fleet, warnings, settings };
}

it("takes the policy of the fleet that is named, and has nothing to say", async () => {
  expect(await open({ MODAL_GHA_FLEET_PROFILE: "acme" })).toMatchObject({ fleet: "acme", warnings: [] });
});

it("says when the policy is another fleet's", async () => {
  const { fleet, warnings } = await open({ MODAL_GHA_FLEET_PROFILE: "wrong" });
  expect(fleet).toBe("other");
  expect(warnings).toEqual([expect.stringMatching(/the fleet wrong .*other\.yaml says fleet: other/)]);
  await store.setDefaultFleet("wrong");
  expect((await open()).warnings).toHaveLength(1);
});

it("says when the environment goes before what is stored for a fleet that was named", async () => {
  const policyFile = join(folder, "other.yaml");
  const { warnings } = await open({
    ...{ MODAL_GHA_FLEET_PROFILE: "acme", MODAL_GHA_POLICY: policyFile, MODAL_GHA_APP_ID: "1" },
  });
  expect(warnings).toEqual([
    expect.stringContaining("says fleet: other"),
    "Warning: MODAL_GHA_POLICY in the environment goes before the policyFile of the fleet acme.",
  ]);
});

it("takes no settings of a fleet that nobody named for the policy of another, but that one's own, if it has any", async () => {
  await store.setDefaultFleet("acme");
  const MODAL_GHA_POLICY = join(folder, "other.yaml");
  const { settings } = await open({ MODAL_GHA_POLICY });
  expect([settings.fleet, settings.githubAppId]).toEqual([undefined, undefined]);
  await store.setProfile("other", { githubAppId: "2", policyFile: join(folder, "acme.yaml") });
  expect((await open({ MODAL_GHA_POLICY })).settings).toMatchObject({
    fleet: { value: "other" },
    githubAppId: { value: "2" },
    policyFile: { value: MODAL_GHA_POLICY, source: { kind: "environment" } },
  });
});

it("says nothing of a fleet that nobody named, where the environment has a policy", async () => {
  await store.setDefaultFleet("acme");
  const { fleet, warnings } = await open({ MODAL_GHA_POLICY: join(folder, "other.yaml") });
  expect([fleet, warnings]).toEqual(["other", []]);
});

it("makes Modal's programs use the fleet's profile, unless there are credentials in the environment", async () => {
  await store.setProfile("acme", { modalProfile: "staging-workspace" });
  vi.stubEnv("MODAL_PROFILE", "");
  vi.stubEnv("MODAL_TOKEN_ID", "ak-1");
  await open({ MODAL_GHA_FLEET_PROFILE: "acme" });
  expect(process.env["MODAL_PROFILE"]).toBe("");
  vi.stubEnv("MODAL_TOKEN_ID", "");
  await open({ MODAL_GHA_FLEET_PROFILE: "acme" });
  expect(process.env["MODAL_PROFILE"]).toBe("staging-workspace");
});

it("makes them use the fleet's Environment, unless the environment names one", async () => {
  await store.setProfile("acme", { modalEnvironment: "staging" });
  vi.stubEnv("MODAL_ENVIRONMENT", "ci");
  vi.stubEnv("MODAL_TOKEN_ID", "ak-1");
  await open({ MODAL_GHA_FLEET_PROFILE: "acme", MODAL_ENVIRONMENT: "ci" });
  expect(process.env["MODAL_ENVIRONMENT"]).toBe("ci");
  await open({ MODAL_GHA_FLEET_PROFILE: "acme" });
  expect(process.env["MODAL_ENVIRONMENT"]).toBe("staging");
});
