// The controller's settings: environment variables alone, the same under `dev` and on Modal.
import { readFileSync } from "node:fs";

export interface ControllerSettings {
  policyFile: string;
  githubApiUrl: string;
  appId: string;
  privateKey: string;
  webhookSecret: string;
  /** Own names, since MODAL_TOKEN_ID in a Modal Function makes Modal's Python client warn; those two serve as well. */
  modalTokenId: string | undefined;
  modalTokenSecret: string | undefined;
  host: string;
  port: number;
  /** Seconds between looks at the whole fleet; 0 leaves that to somebody else's schedule. */
  reconcileSeconds: number;
}

/**
 * Reads the settings and takes the secrets out of the environment, so that no child process inherits them.
 * @throws Error naming every variable that is missing or wrong
 */
export function readControllerSettings(environment: NodeJS.ProcessEnv): ControllerSettings {
  const faults: string[] = [];
  const required = (name: string): string => {
    if (!environment[name]) faults.push(`${name} is not set`);
    return environment[name] ?? "";
  };
  const number = (name: string, byDefault: number): number => {
    const value = Number(environment[name] ?? byDefault);
    if (!Number.isInteger(value) || value < 0) faults.push(`${name} is not a whole number`);
    return value;
  };
  const keyFile = environment["MODAL_GHA_PRIVATE_KEY_FILE"];
  const settings: ControllerSettings = {
    policyFile: required("MODAL_GHA_POLICY"),
    githubApiUrl: environment["GITHUB_API_URL"] || "https://api.github.com",
    appId: required("MODAL_GHA_APP_ID"),
    privateKey: keyFile ? readFileSync(keyFile, "utf8") : required("MODAL_GHA_PRIVATE_KEY"),
    webhookSecret: required("MODAL_GHA_WEBHOOK_SECRET"),
    modalTokenId: environment["MODAL_GHA_MODAL_TOKEN_ID"],
    modalTokenSecret: environment["MODAL_GHA_MODAL_TOKEN_SECRET"],
    host: environment["HOST"] || "127.0.0.1",
    port: number("PORT", 8000),
    reconcileSeconds: number("MODAL_GHA_RECONCILE_SECONDS", 60),
  };
  if (faults.length > 0) throw new Error(`The controller cannot start: ${faults.join("; ")}.`);
  for (const name of ["MODAL_GHA_PRIVATE_KEY", "MODAL_GHA_WEBHOOK_SECRET", "MODAL_GHA_MODAL_TOKEN_SECRET"]) {
    delete environment[name];
  }
  return settings;
}
