// What the steps have in common once Modal and the policy are known.
import type { ModalConnection } from "../modal/client.ts";
import type { Policy } from "../policy/schema.ts";
import type { Settings } from "../settings/settings.ts";
import type { Answers } from "./answers.ts";
import type { Asker } from "./ask.ts";
import type { LocalSettings } from "./local-settings.ts";
import type { Listener } from "./progress.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Whatever waits, waits by this. */
export type Sleep = (ms: number, signal: AbortSignal | undefined) => Promise<unknown>;

/** Deploys the fleet's controller with its Secret as it is now. @returns its base address, without a slash at the end */
export type Deploy = (onLine: (line: string) => void) => Promise<{ url: string }>;

export interface Bench {
  env: Environment;
  answers: Answers;
  /** Undefined where nobody can be asked. */
  asker: Asker | undefined;
  listener: Listener;
  signal: AbortSignal;
  local: LocalSettings;
  settings: Settings;
  modal: ModalConnection;
  /** Of ~/.modal.toml; undefined where the credentials are from the environment. */
  modalProfile: string | undefined;
  /** By name; undefined where Modal does not say it. */
  modalEnvironment: string | undefined;
  policy: Policy;
  policyFile: string;
  /** Whether every secret is to be made or written anew, and an App that is known may be replaced. */
  isRotating: boolean;
  /** Whether the webhook of an App that goes elsewhere may be taken. */
  mayTakeHook: boolean;
  /** Undefined where no browser is to be opened. */
  openBrowser: ((url: string) => Promise<unknown>) | undefined;
  deploy: Deploy;
  /** How long to wait for a person to make the App, and to install it; undefined leaves it to who is there. */
  waitMs: number | undefined;
  sleep: Sleep;
  /** Milliseconds since the epoch. */
  now(): number;
}
