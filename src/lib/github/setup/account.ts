// Whether an organisation or user is there at GitHub, and which of the two it is.
import { anonymousGitHub } from "../client.ts";
import { isRequestError } from "../errors.ts";
import { SetupError } from "./setup-error.ts";

export interface Account {
  /** As GitHub writes it. */
  login: string;
  type: "Organization" | "User";
}

/**
 * Looks an account up, as anybody may; undefined where GitHub does not tell strangers, as an Enterprise Server in private
 * mode, or when their hourly limit is used up.
 * @throws SetupError (no-such-owner); RequestError when GitHub cannot be reached
 */
export async function findAccount(apiUrl: string, login: string): Promise<Account | undefined> {
  try {
    const { data } = await anonymousGitHub(apiUrl).rest.users.getByUsername({ username: login });
    return { login: data.login, type: data.type === "User" ? "User" : "Organization" };
  } catch (error) {
    if (!isRequestError(error) || error.status >= 500) throw error;
    if (error.status !== 404) return undefined;
    throw new SetupError("no-such-owner", `GitHub has no organisation or user ${login}.`, {
      why: `It was looked for at ${apiUrl}, which answered 404.`,
      nextSteps: ["Check how the owner is written in its address at GitHub.", "Check GITHUB_API_URL."],
      cause: error,
    });
  }
}
