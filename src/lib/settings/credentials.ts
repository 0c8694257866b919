// Who we are to GitHub: an App with its private key, or a token where there is no App.
import { readFile, stat } from "node:fs/promises";
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import { appVariables, furtherApps, type GitHubCredentials } from "../github/credentials.ts";
import { describeSource, type Setting, type Settings } from "./settings.ts";

/**
 * The credentials to use. An App goes before a token: it has its own rate limits, and a token may be in the
 * environment for other programs.
 * @param warn hears about a key file that other users of the machine can read
 * @throws AbortError (authentication) when there are none, or the key is missing or is none
 */
export async function githubCredentials(settings: Settings, warn: (text: string) => void): Promise<GitHubCredentials> {
  const { githubAppId, githubToken } = settings;
  if (githubAppId !== undefined) {
    const privateKey = await readPrivateKey(settings.githubPrivateKeyFile, settings.githubPrivateKey, warn);
    if (privateKey !== undefined) return { kind: "app", appId: githubAppId.value, privateKey };
  }
  if (githubToken !== undefined) return { kind: "token", token: githubToken.value };
  if (githubAppId !== undefined) {
    throw missing(`There is no private key for the GitHub App ${githubAppId.value}.`, [
      "modal-gha config set githubPrivateKeyFile <file.pem>",
      "Or set MODAL_GHA_PRIVATE_KEY_FILE or MODAL_GHA_PRIVATE_KEY.",
    ]);
  }
  throw missing("There are no credentials for GitHub.", [
    "modal-gha init",
    "Or set MODAL_GHA_APP_ID and MODAL_GHA_PRIVATE_KEY_FILE, or MODAL_GHA_GITHUB_TOKEN.",
    "Or try it without any: modal-gha dev",
  ]);
}

/**
 * Further Apps that share the fleet for more of GitHub's rate limits: MODAL_GHA_APP_ID_2 and so on, each with its key.
 * They come from the environment alone.
 * @param warn as of githubCredentials
 * @throws AbortError (authentication) when a key is missing or is none
 */
export async function furtherGitHubApps(
  env: Readonly<Record<string, string | undefined>>,
  warn: (text: string) => void,
): Promise<GitHubCredentials[]> {
  const setting = (name: string): Setting | undefined => {
    const value = env[name];
    return value ? { value, source: { kind: "environment", name } } : undefined;
  };
  return Promise.all(
    furtherApps(env).map(async (number) => {
      const variables = appVariables(number);
      const appId = env[variables.appId] ?? "";
      const file = setting(variables.privateKeyFile);
      const privateKey = await readPrivateKey(file, setting(variables.privateKey), warn);
      if (privateKey !== undefined) return { kind: "app" as const, appId, privateKey };
      const nextSteps = [
        `Set ${variables.privateKeyFile} or ${variables.privateKey}, or take ${variables.appId} away.`,
      ];
      throw missing(`There is no private key for the GitHub App ${appId}.`, nextSteps);
    }),
  );
}

async function readPrivateKey(
  file: Setting | undefined,
  content: Setting | undefined,
  warn: (text: string) => void,
): Promise<string | undefined> {
  // A stored file is for every day; a key in the environment was set for this command.
  if (content !== undefined && (file === undefined || rank(file) > rank(content))) {
    return checkPem(content.value.replaceAll("\\n", "\n"), describeSource(content.source));
  }
  if (file === undefined) return undefined;
  const path = file.value;
  let text: string;
  try {
    text = await readFile(path, "utf8");
    const { mode } = await stat(path);
    if (process.platform !== "win32" && (mode & 0o044) !== 0) {
      warn(`Warning: other users of this machine can read the private key ${path}. Mend it: chmod 600 ${path}`);
    }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "There is no such file." : (cause as Error).message;
    const nextSteps = [`Mend the path; it comes from: ${describeSource(file.source)}`];
    throw missing(`The GitHub App's private key ${path} cannot be read.`, nextSteps, why, cause);
  }
  return checkPem(text, path);
}

function rank(setting: Setting): number {
  return ["flag", "environment", "stored", "default"].indexOf(setting.source.kind);
}

/** Only the frame is looked at; the content must never get into a message. */
function checkPem(text: string, where: string): string {
  if (/-----BEGIN (?:RSA )?PRIVATE KEY-----[\s\S]+-----END (?:RSA )?PRIVATE KEY-----/.test(text)) return text;
  throw missing(
    `The GitHub App's private key from ${where} is no PEM private key.`,
    ["Generate a new one on the App's settings page, under Private keys; GitHub hands it out as a .pem file."],
    "The first line of such a file says BEGIN RSA PRIVATE KEY, between dashes.",
  );
}

function missing(message: string, nextSteps: string[], why?: string, cause?: unknown): AbortError {
  return new AbortError(message, {
    nextSteps,
    ...(why === undefined ? {} : { why }),
    cause,
    code: "github-credentials",
    exitCode: ExitCode.Authentication,
  });
}
