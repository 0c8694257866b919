import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { openDeployAccess } from "../../../src/lib/operations/deploy-controller.ts";
import { SettingsStore, settingsFolder } from "../../../src/lib/settings/store.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "modal-gha-deploy-"));
  // Read by the SDK, and so by this process.
  vi.stubEnv("MODAL_CONFIG_PATH", join(folder, "modal.toml"));
  for (const name of ["MODAL_PROFILE", "MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET"]) vi.stubEnv(name, "");
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

it("deploys to the workspace of the fleet, and says what does not agree", async () => {
  const env = { XDG_CONFIG_HOME: folder };
  const workspaces = ["prod", "staging"].map(
    (name) => `[${name}]\ntoken_id = "ak-${name}"\ntoken_secret = "as-${name}"\n`,
  );
  writeFileSync(join(folder, "modal.toml"), workspaces.join("\n"));
  const store = new SettingsStore(settingsFolder(env));
  for (const fleet of ["prod", "staging"]) {
    const file = join(folder, `${fleet}.yaml`);
    writeFileSync(file, `fleet: ${fleet}\ngithub: { owner: a }\npools: [{ name: cpu, labels: [modal] }]\n`);
    await store.setProfile(fleet, { modalProfile: fleet, policyFile: file });
  }
  await store.setDefaultFleet("prod");
  const warnings: string[] = [];
  const open = async (more: Record<string, string>, policyFile?: string) => {
    vi.stubEnv("MODAL_PROFILE", "");
    const options = { env: { ...env, ...more }, policyFile, warn: (text: string) => warnings.push(text) };
    const { modal, policy } = await openDeployAccess(options);
    modal.close();
    return [policy.policy.fleet, modal.client.profile.tokenId];
  };
  expect(await open({})).toEqual(["prod", "ak-prod"]);
  expect(await open({ MODAL_GHA_FLEET_PROFILE: "staging" })).toEqual(["staging", "ak-staging"]);
  expect(await open({}, join(folder, "staging.yaml"))).toEqual(["staging", "ak-staging"]);
  expect(warnings).toEqual([]);
  await open({ MODAL_GHA_FLEET_PROFILE: "prod" }, join(folder, "staging.yaml"));
  expect(warnings).toEqual([expect.stringContaining("says fleet: staging")]);
});
