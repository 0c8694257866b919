import { generateKeyPairSync } from "node:crypto";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { furtherGitHubApps, githubCredentials } from "../../../src/lib/settings/credentials.ts";
import { resolveSettings } from "../../../src/lib/settings/settings.ts";

const newKey = () =>
  generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs1", format: "pem" }).toString();
const key = newKey();
const otherKey = newKey();

let folder: string;
let file: string;
let warnings: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "modal-gha-credentials-"));
  file = join(folder, "key.pem");
  await writeFile(file, key, { mode: 0o600 });
  warnings = [];
});
afterEach(() => rm(folder, { recursive: true }));

async function credentials(env: Record<string, string>, stored: Record<string, string> = {}) {
  const store = { file: "/config.json", read: async () => stored };
  return githubCredentials(await resolveSettings({ env, store }), (text) => warnings.push(text));
}

describe("githubCredentials", () => {
  it("are an App's, with the key from a file", async () => {
    expect(await credentials({ MODAL_GHA_APP_ID: "1", MODAL_GHA_PRIVATE_KEY_FILE: file, GH_TOKEN: "t" })).toEqual({
      kind: "app",
      appId: "1",
      privateKey: key,
    });
    expect(warnings).toEqual([]);
  });

  it("are an App's, with the key from the environment, on one line too", async () => {
    const env = { MODAL_GHA_APP_ID: "1", MODAL_GHA_PRIVATE_KEY: key.replaceAll("\n", "\\n") };
    expect(await credentials(env)).toMatchObject({ kind: "app", privateKey: key });
  });

  it("prefer a key in the environment over a stored file", async () => {
    const stored = { githubAppId: "1", githubPrivateKeyFile: file };
    expect(await credentials({ MODAL_GHA_PRIVATE_KEY: otherKey }, stored)).toMatchObject({ privateKey: otherKey });
    expect(await credentials({}, stored)).toMatchObject({ privateKey: key });
  });

  it("are a token where there is no App", async () => {
    expect(await credentials({ GITHUB_TOKEN: "t" })).toEqual({ kind: "token", token: "t" });
  });

  it("warn of a key that others can read", async () => {
    await chmod(file, 0o644);
    await credentials({ MODAL_GHA_APP_ID: "1", MODAL_GHA_PRIVATE_KEY_FILE: file });
    expect(warnings).toEqual([expect.stringContaining(`chmod 600 ${file}`)]);
  });

  it.each([
    ["there are none", {}, "There are no credentials for GitHub."],
    ["the App has no key", { MODAL_GHA_APP_ID: "7" }, "There is no private key for the GitHub App 7."],
    [
      "the key file is missing",
      { MODAL_GHA_APP_ID: "7", MODAL_GHA_PRIVATE_KEY_FILE: "/nonexistent.pem" },
      "The GitHub App's private key /nonexistent.pem cannot be read.",
    ],
    [
      "the key is none",
      { MODAL_GHA_APP_ID: "7", MODAL_GHA_PRIVATE_KEY: "hunter2" },
      "The GitHub App's private key from MODAL_GHA_PRIVATE_KEY is no PEM private key.",
    ],
  ])("end with exit code 4 and what to do when %s", async (_, env, message) => {
    const error = await credentials(env as Record<string, string>).catch((e: unknown) => e);
    expect(error).toMatchObject({ message, exitCode: 4 });
    expect(JSON.stringify(error)).not.toContain("hunter2");
    expect((error as { nextSteps: string[] }).nextSteps.length).toBeGreaterThan(0);
  });
});

describe("furtherGitHubApps", () => {
  const further = (env: Record<string, string>) => furtherGitHubApps(env, (text) => warnings.push(text));

  it("are numbered, each with its own key from a file or the environment", async () => {
    await chmod(file, 0o644);
    const env = {
      MODAL_GHA_APP_ID: "1",
      MODAL_GHA_APP_ID_3: "3",
      MODAL_GHA_PRIVATE_KEY_3: otherKey,
      MODAL_GHA_APP_ID_2: "2",
      MODAL_GHA_PRIVATE_KEY_2_FILE: file,
    };
    expect(await further(env)).toEqual([
      { kind: "app", appId: "2", privateKey: key },
      { kind: "app", appId: "3", privateKey: otherKey },
    ]);
    expect(warnings).toEqual([expect.stringContaining(`chmod 600 ${file}`)]);
    expect(await further({ MODAL_GHA_APP_ID: "1" })).toEqual([]);
  });

  it("without a key end with exit code 4 and what to set", async () => {
    await expect(further({ MODAL_GHA_APP_ID_2: "2" })).rejects.toMatchObject({
      message: "There is no private key for the GitHub App 2.",
      nextSteps: [expect.stringContaining("Set MODAL_GHA_PRIVATE_KEY_2_FILE or MODAL_GHA_PRIVATE_KEY_2")],
      exitCode: 4,
    });
  });
});
