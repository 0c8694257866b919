// oclif's hook for a command that does not exist: a usage error that names what was probably meant.
import type { Hook } from "@oclif/core/hooks";
import { closest } from "./closest.ts";
import { AbortError } from "./errors.ts";
import { ExitCode } from "./exit-codes.ts";

export const commandNotFound: Hook.CommandNotFound = async ({ id, config }) => {
  const typed = id.replaceAll(":", " ");
  const commands = config.commands.filter((c) => !c.hidden).map((c) => c.id.replaceAll(":", " "));
  // What follows a command may be its arguments, so the first words alone are compared too.
  const words = typed.split(" ");
  const meant = [...new Set(words.flatMap((_, i) => closest(words.slice(0, words.length - i).join(" "), commands)))];
  // `runners` is right, `runners lss` is not: then help on the part that is.
  const topic = words.slice(0, -1).join(" ");
  const help = commands.some((c) => c.startsWith(`${topic} `)) ? `modal-gha ${topic} --help` : "modal-gha --help";
  throw new AbortError(`There is no command "${typed}".`, {
    code: "usage",
    nextSteps: [...meant.slice(0, 3).map((c) => `modal-gha ${c}`), help],
    exitCode: ExitCode.Usage,
  });
};
