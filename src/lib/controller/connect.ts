// The controller's connections to GitHub: of one App, of several that share a fleet, or of a token.
import { Registrations } from "../github/budget.ts";
import { connectGitHub, type GitHubOptions } from "../github/client.ts";
import { explainRefusal } from "../github/errors.ts";
import type { PacedOctokit } from "../github/pace.ts";
import type { ControllerSettings } from "./environment.ts";
import type { Log } from "./record.ts";

/**
 * Connects with all credentials. A further App that does not work is told of and left out: a fleet with less budget is
 * better than none.
 * @throws Refused saying what to mend, or Unavailable, when it is the first
 */
export async function connectAll(
  settings: Pick<ControllerSettings, "credentials" | "githubApiUrl">,
  owner: string,
  log: Log,
  time: Pick<GitHubOptions, "now" | "sleep"> = {},
): Promise<[PacedOctokit, ...PacedOctokit[]]> {
  const { now = Date.now } = time;
  const registrations = new Registrations(now);
  const connect = async (credentials: GitHubOptions["credentials"]) => {
    try {
      return await connectGitHub({ apiUrl: settings.githubApiUrl, credentials, owner, registrations, ...time });
    } catch (error) {
      const who =
        credentials.kind === "app" ? `find the installation of App ${credentials.appId} at ${owner}` : "sign in";
      return explainRefusal(error, now(), { doing: who, permission: "metadata: read" });
    }
  };
  const [first, ...further] = settings.credentials;
  const others = further.map((credentials) =>
    connect(credentials).catch((error: unknown) => {
      log("error", { message: error instanceof Error ? error.message : String(error) });
      return undefined;
    }),
  );
  const [octokit, ...connected] = await Promise.all([connect(first), ...others]);
  return [octokit, ...connected.filter((other) => other !== undefined)];
}
