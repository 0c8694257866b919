// What a fleet consists of, as far as destroying it goes: what would be removed, and what is left alone and why.

export type Kind =
  | "controller"
  | "webhook"
  | "registration"
  | "sandbox"
  | "app"
  | "secret"
  | "image"
  | "installation"
  | "file";

/** Something that carries the fleet's ownership mark. */
export interface Thing {
  kind: Kind;
  name: string;
  /** At GitHub or Modal; the name where there is no other. */
  id: string;
  /** By what it is known to be ours. */
  mark: string;
}

export interface Removable extends Thing {
  /** Idempotent: what is gone already is no error. */
  remove(): Promise<void>;
}

/** Something that is near the fleet and is left alone. */
export interface Kept {
  kind: string;
  name: string;
  why: string;
  /** How the operator could remove it, if they wish. */
  remedy: string | null;
}

/** A living runner with a job. */
export interface BusyRunner {
  runner: string;
  sandboxId: string;
  job: number;
  /** `owner/name`. */
  repository: string;
}

/** The thing without its removal: for results. */
export function thingOf({ kind, name, id, mark }: Thing): Thing {
  return { kind, name, id, mark };
}
