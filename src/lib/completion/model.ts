// The command line as what can be completed: commands, their flags, and what each flag and argument takes.
import { storableNames } from "../settings/definitions.ts";

/** Asked of the fleet when the key is pressed; see values.ts. */
export const dynamicKinds = ["fleets", "jobs", "pools", "repositories", "runners"] as const;
export type DynamicKind = (typeof dynamicKinds)[number];

export type Values =
  | { kind: "words"; words: readonly string[] }
  | { kind: "files" }
  | { kind: "folders" }
  | { kind: "dynamic"; of: DynamicKind }
  /** Nothing can be offered. */
  | { kind: "text" };

export interface CompletableFlag {
  /** Without its dashes. */
  name: string;
  char: string | undefined;
  summary: string;
  /** Undefined for one that takes no value. */
  values: Values | undefined;
}

export interface CompletableCommand {
  /** Such as `runners ls`. */
  name: string;
  summary: string;
  flags: CompletableFlag[];
  /** Undefined for a command without arguments. */
  values: Values | undefined;
}

export interface CompletionModel {
  /** Of topics, and of the commands without one. */
  topics: { name: string; summary: string }[];
  commands: CompletableCommand[];
}

/** What is used of oclif's configuration; the manifest has it, so no command is loaded. */
export interface CommandSource {
  topics: readonly { name: string; description?: string; hidden?: boolean }[];
  commands: readonly {
    id: string;
    hidden?: boolean;
    summary?: string;
    args: Record<string, { name: string; options?: readonly string[] }>;
    flags: Record<string, FlagSource>;
  }[];
}

interface FlagSource {
  name: string;
  type: string;
  char?: string;
  summary?: string;
  hidden?: boolean;
  options?: readonly string[];
  helpValue?: string | readonly string[];
  allowNo?: boolean;
}

export function completionModel({ topics, commands }: CommandSource): CompletionModel {
  const shown = commands.filter(({ hidden }) => !hidden).sort((a, b) => (a.id < b.id ? -1 : 1));
  const isTopic = (name: string) => shown.some(({ id }) => id.startsWith(`${name}:`));
  const single = shown
    .filter(({ id }) => !id.includes(":") && !isTopic(id))
    .map(({ id, summary = "" }) => ({ name: id, summary }));
  const named = topics
    .filter(({ name, hidden }) => !hidden && isTopic(name))
    .map(({ name, description = "" }) => ({ name, summary: description }));
  return {
    topics: [...named, ...single].sort((a, b) => (a.name < b.name ? -1 : 1)),
    commands: shown.map(({ id, summary = "", flags, args }) => {
      const [arg] = Object.values(args);
      return {
        name: id.replaceAll(":", " "),
        summary,
        flags: Object.values(flags)
          .filter((flag) => !flag.hidden)
          .flatMap(completable),
        values: arg && valuesOf(arg.name, id, arg.options),
      };
    }),
  };
}

function completable(flag: FlagSource): CompletableFlag[] {
  const { name, char, summary = "", helpValue } = flag;
  const values = flag.type === "option" ? valuesOf(name, String(helpValue ?? ""), flag.options) : undefined;
  const opposite = { name: `no-${name}`, char: undefined, summary: `Not: ${summary}`, values };
  return [{ name, char, summary, values }, ...(flag.allowNo ? [opposite] : [])];
}

/** @param hint what help calls the value, or the id of the command whose argument it is */
function valuesOf(name: string, hint: string, options: readonly string[] | undefined): Values {
  if (options !== undefined) return { kind: "words", words: options };
  const dynamic = dynamicKinds.find((kind) => kind === names[name]);
  if (dynamic !== undefined) return { kind: "dynamic", of: dynamic };
  if (hint === "<dir>" || (name === "repository" && hint === "dev")) return { kind: "folders" };
  if (hint === "<file>" || name === "file" || name === "policy") return { kind: "files" };
  if (name === "name" && hint.startsWith("config:")) return { kind: "words", words: storableNames };
  return { kind: "text" };
}

/** What flags and arguments of these names mean, wherever they are. */
const names: Readonly<Record<string, DynamicKind>> = {
  fleet: "fleets",
  pool: "pools",
  repo: "repositories",
  runner: "runners",
  job: "jobs",
};
