// The controller's settings: environment variables alone, the same under `dev` and on Modal.
import { readFileSync } from "node:fs";
import { appVariables, furtherApps, type GitHubCredentials } from "../github/credentials.ts";

/** What it takes to listen, and no more. */
export interface ServerSettings {
  policyFile: string;
  host: string;
  port: number;
  /** Seconds between looks at the whole fleet; 0 leaves that to somebody else's schedule. */
  reconcileSeconds: number;
  /** What /healthz tells, so that whoever deployed this knows it again. */
  deployment: string | undefined;
}

export interface ControllerSettings extends ServerSettings {
  githubApiUrl: string;
  /** Who we are to GitHub: the App and further ones that share the fleet, or a personal access token alone. */
  credentials: [GitHubCredentials, ...GitHubCredentials[]];
  /** Of each App's webhook, or of the organisation's or repository's; a delivery may be signed with any. */
  webhookSecrets: string[];
  /** Where the webhook of a token's organisation or repositories is sent: failed deliveries are found by it. */
  webhookUrl: string | undefined;
  /** Own names, since MODAL_TOKEN_ID in a Modal Function makes Modal's Python client warn; those two serve as well. */
  modalTokenId: string | undefined;
  modalTokenSecret: string | undefined;
}

/** Nothing is wrong but that credentials are missing: they may come later, with another deploy. */
export class NotConfigured extends Error {
  override name = "NotConfigured";
  readonly settings: ServerSettings;

  constructor(message: string, settings: ServerSettings) {
    super(message);
    this.settings = settings;
  }
}

const tokenVariable = "MODAL_GHA_GITHUB_TOKEN";

/**
 * Reads the settings and takes our own secrets out of the environment, so that no child process inherits them.
 * @throws NotConfigured naming every credential that is missing, or Error naming every variable that is missing or wrong
 */
export function readControllerSettings(environment: NodeJS.ProcessEnv): ControllerSettings {
  const faults: string[] = [];
  let others = 0;
  const required = (name: string, instead?: string): string => {
    if (!environment[name]) faults.push(`${name}${instead ? ` (or ${instead})` : ""} is not set`);
    return environment[name] ?? "";
  };
  const number = (name: string, byDefault: number): number => {
    const value = Number(environment[name] ?? byDefault);
    if (!Number.isInteger(value) || value < 0) {
      others++;
      faults.push(`${name} is not a whole number`);
    }
    return value;
  };
  const app = (index: number): GitHubCredentials => {
    const { appId: id, privateKey, privateKeyFile } = appVariables(index);
    const appId = required(id, index === 1 ? tokenVariable : undefined);
    const keyFile = environment[privateKeyFile];
    if (keyFile) return { kind: "app", appId, privateKey: readKey(keyFile, faults) };
    // On one line, as in an .env file, a key has \n for its line ends.
    return { kind: "app", appId, privateKey: required(privateKey, privateKeyFile).replaceAll("\\n", "\n") };
  };
  const token = environment[tokenVariable];
  const more = furtherApps(environment);
  const isTokenAlone = token !== undefined && token !== "" && !environment[appVariables(1).appId];
  if (isTokenAlone && more.length > 0) {
    others++;
    faults.push(`${appVariables(1).appId} is not set, but ${more.map((index) => appVariables(index).appId)} is`);
  }
  const policyFile = required("MODAL_GHA_POLICY");
  if (policyFile === "") others++;
  const settings: ControllerSettings = {
    policyFile,
    githubApiUrl: environment["GITHUB_API_URL"] || "https://api.github.com",
    credentials: isTokenAlone ? [{ kind: "token", token }] : [app(1), ...more.map(app)],
    webhookSecrets: [
      required(appVariables(1).webhookSecret),
      ...more.map((index) => environment[appVariables(index).webhookSecret] ?? ""),
    ].filter((secret) => secret !== ""),
    webhookUrl: environment["MODAL_GHA_WEBHOOK_URL"] || undefined,
    modalTokenId: environment["MODAL_GHA_MODAL_TOKEN_ID"],
    modalTokenSecret: environment["MODAL_GHA_MODAL_TOKEN_SECRET"],
    host: environment["HOST"] || "127.0.0.1",
    port: number("PORT", 8000),
    reconcileSeconds: number("MODAL_GHA_RECONCILE_SECONDS", 60),
    deployment: environment["MODAL_GHA_DEPLOYMENT"] || undefined,
  };
  const secrets = [1, ...more]
    .map(appVariables)
    .flatMap(({ privateKey, webhookSecret }) => [privateKey, webhookSecret]);
  for (const name of [...secrets, tokenVariable, "MODAL_GHA_MODAL_TOKEN_SECRET"]) delete environment[name];
  if (others > 0) throw new Error(`The controller cannot start: ${faults.join("; ")}.`);
  if (faults.length > 0) {
    const { host, port, reconcileSeconds, deployment } = settings;
    const bare = { policyFile, host, port, reconcileSeconds, deployment };
    throw new NotConfigured(`The controller has not got all it needs: ${faults.join("; ")}.`, bare);
  }
  return settings;
}

function readKey(file: string, faults: string[]): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    faults.push(`the private key ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
    return "";
  }
}
