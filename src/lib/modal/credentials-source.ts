// Where the modal SDK takes its credentials from, for people to find them: the environment goes before ~/.modal.toml,
// value by value, as in src/config.ts of the SDK.
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { parse } from "smol-toml";

type Environment = Readonly<Record<string, string | undefined>>;
type Profiles = Record<string, { active?: unknown; token_id?: unknown; token_secret?: unknown } | undefined>;

/** In words, such as `MODAL_TOKEN_ID` or `profile acme of /home/me/.modal.toml`. Never the credentials themselves. */
export function describeModalCredentials(env: Environment): string {
  const id = env["MODAL_TOKEN_ID"] && "MODAL_TOKEN_ID";
  const secret = env["MODAL_TOKEN_SECRET"] && "MODAL_TOKEN_SECRET";
  if (id && secret) return "MODAL_TOKEN_ID";
  const profile = describeProfile(env);
  // The two may come from two places, which is hardly ever meant.
  if (id || secret) return `${id || secret} and, for the other half, ${profile}`;
  return env["MODAL_OAUTH_REFRESH_TOKEN"] ? "MODAL_OAUTH_REFRESH_TOKEN" : profile;
}

function describeProfile(env: Environment): string {
  const file = env["MODAL_CONFIG_PATH"] || join(homedir(), ".modal.toml");
  const named = env["MODAL_PROFILE"];
  if (named) return `profile ${named} (MODAL_PROFILE) of ${file}`;
  const active = Object.entries(readProfiles(file)).find(([, profile]) => profile?.active);
  return active ? `profile ${active[0]} of ${file}` : file;
}

function readProfiles(file: string): Profiles {
  try {
    return parse(readFileSync(file, "utf8")) as Profiles;
  } catch {
    return {};
  }
}
