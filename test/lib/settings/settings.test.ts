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
