// The values of the fleet's Secret, from the settings at hand: who the controller is to GitHub and to Modal.
import type { Profile } from "modal";
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import { appVariables, furtherApps, type GitHubCredentials } from "../github/credentials.ts";
import { furtherGitHubApps, githubCredentials } from "../settings/credentials.ts";
import type { Settings } from "../settings/settings.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const tokenVariable = "MODAL_GHA_GITHUB_TOKEN";
const tokenId = "MODAL_GHA_MODAL_TOKEN_ID";
const tokenSecret = "MODAL_GHA_MODAL_TOKEN_SECRET";

/** A token pair that the environment has for the controller, such as a service user's. */
export function ownModalPair(env: Environment): { id: string; secret: string } | undefined {
  const [id, secret] = [env[tokenId], env[tokenSecret]];
  return id && secret ? { id, secret } : undefined;
}

/**
 * What the controller needs to start Sandboxes: a token pair of its own from the environment, such as a service user's,
 * or else the operator's; and the address of Modal.
 * @throws AbortError (authentication) where the operator has no token pair, but signs in by OAuth
 */
export function modalValues(env: Environment, profile: Profile): Record<string, string> {
  const own = ownModalPair(env);
  const [id, secret] = own ? [own.id, own.secret] : [profile.tokenId, profile.tokenSecret];
  if (!id || !secret) {
    throw new AbortError("The controller needs a token pair for Modal, and there is none here.", {
      code: "no-token-pair",
      nextSteps: ["modal token new", `Or set ${tokenId} and ${tokenSecret}, such as those of a service user.`],
      exitCode: ExitCode.Authentication,
    });
  }
  return { [tokenId]: id, [tokenSecret]: secret, MODAL_GHA_MODAL_SERVER_URL: profile.serverUrl };
}

/**
 * What the controller needs for GitHub: the App, or the token, with the webhook's secret; and further Apps. A value that
 * is undefined is to be taken out of the Secret: an App's where there is a token in its place, and the other way round.
 * @param isUpdate what is not at hand stays as it is
 * @throws AbortError (authentication) naming what is missing, or is no key
 */
export async function githubValues(
  env: Environment,
  settings: Settings,
  isUpdate: boolean,
  warn: (text: string) => void,
): Promise<Record<string, string | undefined>> {
  const own = ownCredentials(settings);
  const isNothing = !own.githubToken && !own.githubPrivateKey && !own.githubPrivateKeyFile;
  const webhook = at(env, appVariables(1).webhookSecret);
  if (isUpdate && isNothing) return webhook;
  const first = await githubCredentials(own, warn);
  const further = first.kind === "app" ? await furtherGitHubApps(env, warn) : [];
  const numbers = [1, ...furtherApps(env)];
  const { appId, privateKey, webhookSecret } = appVariables(1);
  if (!isUpdate && !env[webhookSecret]) {
    throw new AbortError(`${webhookSecret} is not set, which the controller needs to know GitHub's webhooks by.`, {
      code: "github-credentials",
      nextSteps: ["modal-gha init", `Or set ${webhookSecret} to the secret of the App's webhook.`],
      exitCode: ExitCode.Authentication,
    });
  }
  return {
    GITHUB_API_URL: settings.githubApiUrl.value,
    ...webhook,
    ...(first.kind === "app" ? { [tokenVariable]: undefined } : { [appId]: undefined, [privateKey]: undefined }),
    ...Object.assign({}, ...[first, ...further].map((each, index) => valuesOf(each, numbers[index] ?? 1, env))),
  };
}

/** A token of another program's variable is nothing to give to a controller. */
function ownCredentials(settings: Settings): Settings {
  const { githubToken, ...rest } = settings;
  const { source } = githubToken ?? {};
  return source?.kind === "environment" && source.name === tokenVariable ? settings : rest;
}

function valuesOf(credentials: GitHubCredentials, number: number, env: Environment): Record<string, string> {
  if (credentials.kind === "token") return { [tokenVariable]: credentials.token };
  const { appId, privateKey, webhookSecret } = appVariables(number);
  return { [appId]: credentials.appId, [privateKey]: credentials.privateKey, ...at(env, webhookSecret) };
}

function at(env: Environment, name: string): Record<string, string> {
  const value = env[name];
  return value ? { [name]: value } : {};
}
