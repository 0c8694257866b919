// The settings of this tool as data: where each may come from, and what a value must look like.
import { resolve } from "node:path";
import { closest } from "../cli/closest.ts";
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import { parseFleetName } from "./profiles.ts";

export interface SettingDefinition {
  summary: string;
  /** Environment variables that set it, the first that is not empty counts. */
  environment: readonly string[];
  default?: string;
  /** Comes from the environment only: neither stored nor a flag, since files and argv are read by others. */
  secret?: boolean;
  /** Is about all fleets, and so is not stored for one. */
  shared?: boolean;
  kind: "url" | "number" | "path" | "text" | "fleet";
}

export const settingDefinitions = {
  fleet: {
    summary: "Which of the fleets that have settings of their own is meant, where no --fleet says it.",
    environment: ["MODAL_GHA_FLEET_PROFILE"],
    shared: true,
    kind: "fleet",
  },
  githubApiUrl: {
    summary: "Address of GitHub's REST API; https://<host>/api/v3 for GitHub Enterprise Server.",
    environment: ["GITHUB_API_URL"],
    default: "https://api.github.com",
    kind: "url",
  },
  githubWebUrl: {
    summary: "Address of GitHub's web pages, where they are not where the API's address says.",
    environment: ["GITHUB_SERVER_URL"],
    kind: "url",
  },
  githubAppId: { summary: "Id of the GitHub App.", environment: ["MODAL_GHA_APP_ID"], kind: "number" },
  githubPrivateKeyFile: {
    summary: "File with the GitHub App's private key.",
    environment: ["MODAL_GHA_PRIVATE_KEY_FILE"],
    kind: "path",
  },
  githubPrivateKey: {
    summary: "The GitHub App's private key itself.",
    environment: ["MODAL_GHA_PRIVATE_KEY"],
    secret: true,
    kind: "text",
  },
  githubToken: {
    summary: "A token to use where there is no GitHub App.",
    environment: ["MODAL_GHA_GITHUB_TOKEN", "GH_TOKEN", "GITHUB_TOKEN"],
    secret: true,
    kind: "text",
  },
  policyFile: {
    summary: "The policy of the fleet.",
    environment: ["MODAL_GHA_POLICY"],
    default: "./modal-gha.yaml",
    kind: "path",
  },
  webhookUrl: {
    summary: "Where the fleet's controller takes webhooks.",
    environment: ["MODAL_GHA_WEBHOOK_URL"],
    kind: "url",
  },
  modalProfile: {
    summary: "Profile of ~/.modal.toml to use, unless MODAL_TOKEN_ID is in the environment.",
    environment: ["MODAL_PROFILE"],
    kind: "text",
  },
  modalEnvironment: {
    summary: "Environment of the Modal workspace that the fleet is in.",
    environment: ["MODAL_ENVIRONMENT"],
    kind: "text",
  },
} as const satisfies Record<string, SettingDefinition>;

export type SettingName = keyof typeof settingDefinitions;

export const settingNames = Object.keys(settingDefinitions) as SettingName[];

/** The definition by name, with its optional fields. */
export function settingDefinition(name: SettingName): SettingDefinition {
  return settingDefinitions[name];
}

/** Names of the settings that can be stored. */
export const storableNames = settingNames.filter((name) => !settingDefinition(name).secret);

/**
 * A name as typed by the operator.
 * @throws AbortError (usage) for an unknown name
 */
export function parseSettingName(text: string): SettingName {
  const name = settingNames.find((known) => known.toLowerCase() === text.toLowerCase());
  if (name !== undefined) return name;
  throw new AbortError(`There is no setting "${text}".`, {
    why: `The settings are ${settingNames.join(", ")}.`,
    nextSteps: [...closest(text, settingNames).map((name) => `modal-gha config get ${name}`), "modal-gha config get"],
    code: "usage",
    exitCode: ExitCode.Usage,
  });
}

/**
 * Checks a value that is to be stored, and makes paths absolute, because the next command may run elsewhere.
 * @throws AbortError (usage) for a value of the wrong kind, and for secrets
 */
export function parseSettingValue(name: SettingName, text: string): string {
  const definition = settingDefinition(name);
  const refuse = (why: string, nextSteps = [`modal-gha config set ${name} <value>`]) =>
    new AbortError(`${name} cannot be set to this.`, { why, nextSteps, code: "usage", exitCode: ExitCode.Usage });
  if (definition.secret) {
    throw refuse("Secrets are not stored.", [`Set ${definition.environment[0]} in the environment instead.`]);
  }
  if (text.trim() === "") throw refuse("The value is empty.");
  switch (definition.kind) {
    case "url":
      if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
        throw refuse(`"${text}" is not a http or https address.`);
      }
      return text.replace(/\/+$/, "");
    case "number":
      if (!/^\d+$/.test(text)) throw refuse(`"${text}" is not a number.`);
      return text;
    case "path":
      return resolve(text);
    case "fleet":
      return parseFleetName(text);
    default:
      return text;
  }
}
