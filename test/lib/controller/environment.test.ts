import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { NotConfigured, readControllerSettings } from "../../../src/lib/controller/environment.ts";

function caught(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

const least = {
  MODAL_GHA_POLICY: "modal-gha.yaml",
  MODAL_GHA_APP_ID: "1",
  MODAL_GHA_PRIVATE_KEY: "key-1",
  MODAL_GHA_WEBHOOK_SECRET: "hush-1",
};
const second = {
  MODAL_GHA_APP_ID_2: "2",
  MODAL_GHA_PRIVATE_KEY_2: "line\\nline",
  MODAL_GHA_WEBHOOK_SECRET_2: "hush-2",
};
const tokenAlone = { MODAL_GHA_POLICY: "p", MODAL_GHA_WEBHOOK_SECRET: "hush-1", MODAL_GHA_GITHUB_TOKEN: "ghp_x" };

describe("readControllerSettings", () => {
  it("fills in what is not set", () => {
    expect(readControllerSettings({ ...least })).toMatchObject({
      githubApiUrl: "https://api.github.com",
      credentials: [{ kind: "app", appId: "1", privateKey: "key-1" }],
      webhookSecrets: ["hush-1"],
      host: "127.0.0.1",
      port: 8000,
      reconcileSeconds: 60,
    });
  });

  it("knows further Apps, each with its key and its webhook's secret if it has one", () => {
    const third = { MODAL_GHA_APP_ID_3: "3", MODAL_GHA_PRIVATE_KEY_3: "key-3", MODAL_GHA_WEBHOOK_SECRET_3: "" };
    const { credentials, webhookSecrets } = readControllerSettings({ ...least, ...second, ...third });
    expect(credentials).toEqual([
      { kind: "app", appId: "1", privateKey: "key-1" },
      { kind: "app", appId: "2", privateKey: "line\nline" },
      { kind: "app", appId: "3", privateKey: "key-3" },
    ]);
    expect(webhookSecrets).toEqual(["hush-1", "hush-2"]);
  });

  it("reads keys from files", async () => {
    const folder = await mkdtemp(join(tmpdir(), "modal-gha-environment-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, "key.pem");
    await writeFile(file, "from a file");
    const { credentials } = readControllerSettings({
      ...least,
      MODAL_GHA_APP_ID_2: "2",
      MODAL_GHA_PRIVATE_KEY_FILE: file,
      MODAL_GHA_PRIVATE_KEY_2_FILE: file,
    });
    expect(credentials).toMatchObject([{ privateKey: "from a file" }, { privateKey: "from a file" }]);
    const missing = { ...least, MODAL_GHA_PRIVATE_KEY_FILE: join(folder, "none.pem") };
    expect(() => readControllerSettings(missing)).toThrow(/private key .*none\.pem cannot be read \(ENOENT\)/);
  });

  it("takes a token where there is no App", () => {
    const settings = { credentials: [{ kind: "token", token: "ghp_x" }], webhookUrl: "https://fleet.example/webhook" };
    const environment = { ...tokenAlone, MODAL_GHA_WEBHOOK_URL: "https://fleet.example/webhook" };
    expect(readControllerSettings(environment)).toMatchObject(settings);
    const both = readControllerSettings({ ...least, MODAL_GHA_GITHUB_TOKEN: "ghp_x" });
    expect(both.credentials).toMatchObject([{ kind: "app" }]);
  });

  it("takes the secrets out of the environment", () => {
    const secrets = { MODAL_GHA_GITHUB_TOKEN: "ghp_x", MODAL_GHA_MODAL_TOKEN_SECRET: "as-x" };
    const environment: NodeJS.ProcessEnv = { ...least, ...second, ...secrets };
    readControllerSettings(environment);
    expect(Object.keys(environment).sort()).toEqual(["MODAL_GHA_APP_ID", "MODAL_GHA_APP_ID_2", "MODAL_GHA_POLICY"]);
  });

  it("names everything that is missing or wrong, and no secret", () => {
    const environment = { MODAL_GHA_APP_ID_2: "2", MODAL_GHA_WEBHOOK_SECRET: "hush", PORT: "x" };
    expect(() => readControllerSettings(environment)).toThrow(
      [
        "The controller cannot start: MODAL_GHA_POLICY is not set",
        "MODAL_GHA_APP_ID (or MODAL_GHA_GITHUB_TOKEN) is not set",
        "MODAL_GHA_PRIVATE_KEY (or MODAL_GHA_PRIVATE_KEY_FILE) is not set",
        "MODAL_GHA_PRIVATE_KEY_2 (or MODAL_GHA_PRIVATE_KEY_2_FILE) is not set",
        "PORT is not a whole number.",
      ].join("; "),
    );
  });

  it("tells a controller without credentials from one that cannot run", () => {
    const environment: NodeJS.ProcessEnv = {
      MODAL_GHA_POLICY: "p",
      MODAL_GHA_APP_ID: "1",
      MODAL_GHA_WEBHOOK_SECRET: "hush",
      MODAL_GHA_DEPLOYMENT: "abc-1",
      PORT: "80",
    };
    const settings = { policyFile: "p", host: "127.0.0.1", port: 80, reconcileSeconds: 60, deployment: "abc-1" };
    const message = expect.stringContaining("MODAL_GHA_PRIVATE_KEY (or MODAL_GHA_PRIVATE_KEY_FILE) is not set.");
    const error = caught(() => readControllerSettings(environment));
    expect(error).toBeInstanceOf(NotConfigured);
    expect(error).toMatchObject({ message, settings });
    expect(environment).not.toHaveProperty("MODAL_GHA_WEBHOOK_SECRET");
    expect(caught(() => readControllerSettings({}))).not.toBeInstanceOf(NotConfigured);
  });

  it("takes no further App beside a token", () => {
    expect(() => readControllerSettings({ ...tokenAlone, ...second })).toThrow(
      "The controller cannot start: MODAL_GHA_APP_ID is not set, but MODAL_GHA_APP_ID_2 is.",
    );
  });
});
