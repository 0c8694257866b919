// What an operator who mistyped a command or a flag probably meant.
import { closest } from "./closest.ts";
import { AbortError } from "./errors.ts";
import { ExitCode } from "./exit-codes.ts";

/** Words that other tools have for ours. */
const synonyms: Readonly<Record<string, string>> = {
  list: "ls",
  show: "get",
  unregister: "prune",
  clean: "prune",
  stop: "kill",
  terminate: "kill",
  rm: "kill",
  delete: "destroy",
  uninstall: "destroy",
  ssh: "shell",
  exec: "shell",
  attach: "shell",
  tail: "logs",
  cost: "usage",
  costs: "usage",
  billing: "usage",
  retry: "redeliver",
  why: "explain",
  setup: "init",
  status: "doctor",
  check: "doctor",
  top: "dashboard",
  ui: "dashboard",
};

/**
 * The commands that the words may have meant, likeliest first: each word close to the command's own; or the last word
 * of one, its topic left out.
 * @param words as typed; what follows the command may be its arguments
 * @param commands names with spaces, such as `runners ls`
 */
export function suggestCommands(words: readonly string[], commands: readonly string[]): string[] {
  const [first = "", second = ""] = words;
  const topics = [
    ...new Set(commands.filter((name) => name.includes(" ")).map((name) => name.split(" ")[0] as string)),
  ];
  const singles = commands.filter((name) => !name.includes(" "));
  const meantTopics = alike(first, topics);
  const inTopics = meantTopics.flatMap((topic) => {
    const own = commands.filter((name) => name.startsWith(`${topic} `));
    const verbs = own.map((name) => name.split(" ")[1] as string);
    return second === "" ? [] : alike(second, verbs).map((verb) => `${topic} ${verb}`);
  });
  const byVerb = commands.filter(
    (name) => name.includes(" ") && alike(first, [name.split(" ")[1] as string]).length > 0,
  );
  return [...new Set([...inTopics, ...alike(first, singles), ...byVerb])];
}

/** The known words that a word is, or is close to, or is another tool's word for. */
function alike(word: string, known: readonly string[]): string[] {
  if (known.includes(word)) return [word];
  const near = closest(word, known);
  // The singular of a topic, and a beginning, however short.
  const begun = known.filter((name) => word.length > 1 && name.startsWith(word));
  const synonym = synonyms[word];
  return [...new Set([...near, ...begun, ...(synonym && known.includes(synonym) ? [synonym] : [])])];
}

/** The error for a command that there is not, or that was given too much. */
export function noSuchCommand(typed: string, commands: readonly string[]): AbortError {
  const words = typed.split(" ");
  const usage = (message: string, nextSteps: readonly string[]) =>
    new AbortError(message, { code: "usage", nextSteps, exitCode: ExitCode.Usage });
  for (let count = words.length - 1; count > 0; count--) {
    const name = words.slice(0, count).join(" ");
    // oclif takes arguments for part of the name where a command has none.
    if (commands.includes(name)) {
      const surplus = words.slice(count).join(" ");
      return usage(`modal-gha ${name} takes no arguments, and was given "${surplus}".`, [`modal-gha ${name} --help`]);
    }
  }
  const isTopic = (topic: string) => commands.some((name) => name.startsWith(`${topic} `));
  const topics = [
    ...new Set(commands.filter((name) => name.includes(" ")).map((name) => name.split(" ")[0] as string)),
  ];
  const [first = ""] = words;
  const meant = suggestCommands(words, commands).slice(0, 3);
  const [topic] = isTopic(first) ? [first] : words.length === 1 || meant.length === 0 ? alike(first, topics) : [];
  const help = topic === undefined ? "modal-gha --help" : `modal-gha ${topic} --help`;
  return usage(`There is no command "${typed}".`, [...meant.map((name) => `modal-gha ${name}`), help]);
}

/** The error for flags that a command has not. */
export function noSuchFlags(typed: readonly string[], command: string, known: readonly string[]): AbortError {
  const meant = typed.flatMap((flag) => alike(flag.replace(/^-+/, ""), known).slice(0, 2));
  const flags = typed.join(" and ");
  return new AbortError(`modal-gha ${command} has no flag${typed.length > 1 ? "s" : ""} ${flags}.`, {
    code: "usage",
    exitCode: ExitCode.Usage,
    nextSteps: [...meant.map((name) => `modal-gha ${command} --${name}`), `modal-gha ${command} --help`],
  });
}
