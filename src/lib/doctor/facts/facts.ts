// All that checks look at, each thing looked up once and by whoever needs it first.
import { type ControllerFacts, controllerFacts } from "./controller.ts";
import { type GitHubFacts, githubFacts } from "./github.ts";
import { type HookFacts, hookFacts } from "./hooks.ts";
import { type LocalFacts, localFacts } from "./local.ts";
import { type ModalFacts, modalFacts } from "./modal.ts";

export interface FactsOptions {
  env: Readonly<Record<string, string | undefined>>;
  /** `--policy`. */
  policyFile?: string | undefined;
  /** Of this program. */
  version: string;
  /** Milliseconds since the epoch. */
  now(): number;
}

export interface Facts extends FactsOptions {
  local: LocalFacts;
  modal: ModalFacts;
  github: GitHubFacts;
  controller: ControllerFacts;
  hooks: HookFacts;
  /** Values that nobody may get to see. */
  secrets(): string[];
  close(): Promise<void>;
}

/** Nothing is looked up yet. */
export function openFacts(options: FactsOptions): Facts {
  const secrets: string[] = [];
  const local = localFacts(options);
  const modal = modalFacts(local);
  const github = githubFacts(options, local, (secret) => void secrets.push(secret));
  const controller = controllerFacts(options, local, modal, github);
  const hooks = hookFacts(local, github, controller);
  const known = ["MODAL_GHA_WEBHOOK_SECRET", "MODAL_TOKEN_SECRET"].map((name) => options.env[name] ?? "");
  return {
    ...options,
    ...{ local, modal, github, controller, hooks },
    secrets: () => [...secrets, ...known].filter((secret) => secret !== ""),
    close: () => modal.close(),
  };
}
