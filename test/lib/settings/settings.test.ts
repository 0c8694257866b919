import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseSettingName, parseSettingValue } from "../../../src/lib/settings/definitions.ts";
import { describeSource, resolveSettings } from "../../../src/lib/settings/settings.ts";
import { SettingsStore, settingsFolder } from "../../../src/lib/settings/store.ts";

let folder: string;
let store: SettingsStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "modal-gha-settings-"));
  store = new SettingsStore(join(folder, "modal-gha"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("resolveSettings", () => {
  it("takes flag, then environment, then what is stored, then the default, and says which", async () => {
    const env = { GITHUB_API_URL: "https://env.example" };
    const flags = { githubApiUrl: "https://flag.example" };
    const source = async (inputs: object) => {
      const { githubApiUrl } = await resolveSettings({ env: {}, store, ...inputs });
      return [githubApiUrl.value, describeSource(githubApiUrl.source)];
    };
    expect(await source({})).toEqual(["https://api.github.com", "default"]);
    await store.set("githubApiUrl", "https://stored.example");
    expect(await source({})).toEqual(["https://stored.example", store.file]);
    expect(await source({ env })).toEqual(["https://env.example", "GITHUB_API_URL"]);
    expect(await source({ env, flags })).toEqual(["https://flag.example", "a flag"]);
  });

  it("takes the first variable that is not empty", async () => {
    const env = { MODAL_GHA_GITHUB_TOKEN: "", GH_TOKEN: "from-gh", GITHUB_TOKEN: "from-actions" };
    const { githubToken } = await resolveSettings({ env, store });
    expect(githubToken).toEqual({ value: "from-gh", source: { kind: "environment", name: "GH_TOKEN" } });
  });

  it("leaves out what is set nowhere", async () => {
    const settings = await resolveSettings({ env: {}, store });
    expect(Object.keys(settings).sort()).toEqual(["githubApiUrl", "policyFile"]);
  });

  it("does not believe a secret in the file", async () => {
    await store.set("githubToken", "ghp_x");
    expect((await resolveSettings({ env: {}, store })).githubToken).toBeUndefined();
  });
});

describe("settings of several fleets", () => {
  const valueAndSource = async (name: "githubAppId" | "policyFile", inputs: object = {}) => {
    const setting = (await resolveSettings({ env: {}, store, ...inputs }))[name];
    return setting && [setting.value, describeSource(setting.source)];
  };

  beforeEach(async () => {
    await store.set("githubAppId", "1");
    await store.setProfile("staging", { githubAppId: "2", policyFile: "/staging.yaml" });
    await store.setProfile("prod", { policyFile: "/prod.yaml" });
  });

  it("go before those for all, after the environment, for the fleet that is named", async () => {
    const flags = { fleet: "staging" };
    expect(await valueAndSource("githubAppId")).toEqual(["1", store.file]);
    expect(await valueAndSource("githubAppId", { flags })).toEqual(["2", `${store.file}, fleet staging`]);
    expect(await valueAndSource("githubAppId", { flags: { fleet: "prod" } })).toEqual(["1", store.file]);
    const env = { MODAL_GHA_FLEET_PROFILE: "staging", MODAL_GHA_APP_ID: "3" };
    expect(await valueAndSource("githubAppId", { env })).toEqual(["3", "MODAL_GHA_APP_ID"]);
    expect(await valueAndSource("policyFile", { env })).toEqual(["/staging.yaml", `${store.file}, fleet staging`]);
    expect((await valueAndSource("policyFile", { env, flags: { fleet: "prod" } }))?.[0]).toBe("/prod.yaml");
  });

  it("are those of the default fleet where none is named", async () => {
    await store.setDefaultFleet("prod");
    expect((await valueAndSource("policyFile"))?.[0]).toBe("/prod.yaml");
    expect((await valueAndSource("policyFile", { env: { MODAL_GHA_FLEET_PROFILE: "staging" } }))?.[0]).toBe(
      "/staging.yaml",
    );
  });

  it("must be there: an unknown fleet is a usage error that names those there are", async () => {
    await expect(resolveSettings({ flags: { fleet: "stagin" }, env: {}, store })).rejects.toMatchObject({
      message: 'There is no fleet "stagin" in the settings.',
      why: "The fleets are prod, staging.",
      exitCode: 2,
      nextSteps: [expect.stringContaining("--fleet staging"), expect.stringContaining("--fleet stagin ")],
    });
    // Every object has a constructor; none of them is a fleet.
    await expect(resolveSettings({ flags: { fleet: "constructor" }, env: {}, store })).rejects.toMatchObject({
      code: "no-such-fleet",
    });
  });

  it("are kept when others change, and forgotten on their own", async () => {
    await store.setProfile("staging", { githubAppId: "22" });
    await store.unset("githubAppId", "prod");
    await store.setDefaultFleet("prod");
    await store.removeProfile("prod");
    expect(await store.read()).toEqual({
      githubAppId: "1",
      fleets: { staging: { githubAppId: "22", policyFile: "/staging.yaml" } },
    });
    await store.unset("policyFile", "staging");
    await store.removeProfile("staging");
    expect(await store.read()).toEqual({ githubAppId: "1" });
  });

  it("hold no secrets", async () => {
    await store.setProfile("prod", { githubToken: "ghp_x" });
    expect((await resolveSettings({ flags: { fleet: "prod" }, env: {}, store })).githubToken).toBeUndefined();
  });
});

describe("SettingsStore", () => {
  it("follows XDG_CONFIG_HOME", () => {
    expect(settingsFolder({ XDG_CONFIG_HOME: "/x" })).toBe("/x/modal-gha");
    expect(settingsFolder({})).toMatch(/\.config\/modal-gha$/);
  });

  it("reads nothing, and makes no file, before anything is stored", async () => {
    expect(await store.read()).toEqual({});
    await store.unset("githubAppId");
    await expect(stat(store.file)).rejects.toThrow("ENOENT");
  });

  it("keeps values for the operator alone", async () => {
    await store.set("githubAppId", "123");
    await store.set("policyFile", "/p.yaml");
    await store.unset("policyFile");
    expect(await new SettingsStore(join(folder, "modal-gha")).read()).toEqual({ githubAppId: "123" });
    expect((await stat(store.file)).mode & 0o777).toBe(0o600);
  });

  it.each(['{"githubAppId": "123",', "[]", "null", '"text"', ""])(
    "names a file that is broken (%s), and leaves it",
    async (text) => {
      await store.set("githubAppId", "1");
      await writeFile(store.file, text);
      for (const attempt of [
        () => store.read(),
        () => store.set("policyFile", "/p"),
        () => store.unset("githubAppId"),
      ]) {
        await expect(attempt()).rejects.toMatchObject({
          message: `The settings file ${store.file} cannot be read.`,
          code: "invalid-settings",
        });
      }
      expect(await readFile(store.file, "utf8")).toBe(text);
    },
  );
});

describe("definitions", () => {
  it("know names whatever their case, and refuse others", () => {
    expect(parseSettingName("githubappid")).toBe("githubAppId");
    expect(() => parseSettingName("nope")).toThrow('There is no setting "nope".');
  });

  it("check values, and make paths absolute", () => {
    expect(parseSettingValue("githubApiUrl", "https://ghe.example/api/v3/")).toBe("https://ghe.example/api/v3");
    expect(parseSettingValue("githubPrivateKeyFile", "key.pem")).toBe(join(process.cwd(), "key.pem"));
    expect(parseSettingValue("githubAppId", "42")).toBe("42");
  });

  it.each([
    ["githubApiUrl", "api.github.com"],
    ["githubApiUrl", "ftp://x"],
    ["githubAppId", "Iv1.abc"],
    ["githubToken", "ghp_x"],
    ["githubPrivateKey", "-----BEGIN"],
    ["policyFile", " "],
  ] as const)("refuse %s = %s as a usage error", (name, value) => {
    expect(() => parseSettingValue(name, value)).toThrow(expect.objectContaining({ exitCode: 2 }));
  });
});
