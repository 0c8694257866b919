// The values of the fleet's Secret, from the settings at hand: who the controller is to GitHub and to Modal.
import type { Profile } from "modal";
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import { appVariables, furtherApps, type GitHubCredentials } from "../github/credentials.ts";
import { furtherGitHubApps, githubCredentials } from "../settings/credentials.ts";
import type { Settings } from "../settings/settings.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const tokenId = "MODAL_GHA_MODAL_TOKEN_ID";
const tokenSecret = "MODAL_GHA_MODAL_TOKEN_SECRET";

/**
 * What the controller needs to start Sandboxes: a token pair of its own from the environment, such as a service user's,
 * or else the operator's; and the address of Modal.
 * @throws AbortError (authentication) where the operator has no token pair, but signs in by OAuth
 */
export function modalValues(env: Environment, profile: Profile): Record<string, string> {
  const own = env[tokenId] && env[tokenSecret] ? { id: env[tokenId], secret: env[tokenSecret] } : undefined;
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
 * What the controller needs for GitHub: the App, or the token, with the webhook's secret; and further Apps.
 * @throws AbortError (authentication) naming what is missing
 */
export async function githubValues(
  env: Environment,
  settings: Settings,
  warn: (text: string) => void,
): Promise<Record<string, string>> {
  const first = await githubCredentials(settings, warn);
  const further = first.kind === "app" ? await furtherGitHubApps(env, warn) : [];
  const numbers = [1, ...furtherApps(env)];
  const values = [first, ...further].map((credentials, index) => valuesOf(credentials, numbers[index] ?? 1, env));
  const webhookUrl = env["MODAL_GHA_WEBHOOK_URL"];
  return Object.assign(
    { GITHUB_API_URL: settings.githubApiUrl.value },
    ...values,
    webhookUrl && {
      MODAL_GHA_WEBHOOK_URL: webhookUrl,
    },
  );
}

function valuesOf(credentials: GitHubCredentials, number: number, env: Environment): Record<string, string> {
  const { appId, privateKey, webhookSecret } = appVariables(number);
  const secret = env[webhookSecret];
  if (!secret && number === 1) {
    throw new AbortError(`${webhookSecret} is not set, which the controller needs to know GitHub's webhooks by.`, {
      code: "github-credentials",
      nextSteps: ["modal-gha init", `Or set ${webhookSecret} to the secret of the App's webhook.`],
      exitCode: ExitCode.Authentication,
    });
  }
  return {
    ...(credentials.kind === "app"
      ? { [appId]: credentials.appId, [privateKey]: credentials.privateKey }
      : { MODAL_GHA_GITHUB_TOKEN: credentials.token }),
    ...(secret ? { [webhookSecret]: secret } : {}),
  };
}
