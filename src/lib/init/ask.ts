// Questions to the person at the terminal. Whoever asks must be able to do without: where nobody can be asked there is no
// Asker, and what would be asked is a flag that is missing.
import { AbortError, InterruptedError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import type { IOStreams } from "../cli/streams.ts";

export interface Choice<T> {
  name: string;
  value: T;
  description?: string;
  checked?: boolean;
}

export interface TextOptions {
  initial?: string;
  check?(answer: string): string | undefined | Promise<string | undefined>;
}

export interface Asker {
  /** @param check says what is wrong with an answer */
  text(message: string, options?: TextOptions): Promise<string>;
  choose<T>(message: string, choices: readonly Choice<T>[]): Promise<T>;
  /** At least one of them. */
  chooseSome<T>(message: string, choices: readonly Choice<T>[]): Promise<T[]>;
  confirm(message: string, initial: boolean): Promise<boolean>;
}

/** Asks on these streams; undefined where nobody can be asked. Ctrl-C at a question throws InterruptedError. */
export function askerOn(io: IOStreams): Asker | undefined {
  if (!io.canPrompt) return undefined;
  const context = { input: io.stdin, output: io.stderr.stream };
  return {
    text: (message, { initial, check } = {}) =>
      interruptible(({ input }) => {
        const validate = async (answer: string) =>
          (await check?.(answer.trim())) ?? (answer.trim() !== "" || "Write something.");
        return input({ message, validate, ...(initial === undefined ? {} : { default: initial }) }, context);
      }).then((answer) => answer.trim()),
    choose: (message, choices) => interruptible(({ select }) => select({ message, choices: [...choices] }, context)),
    chooseSome: (message, choices) =>
      interruptible(({ checkbox }) => checkbox({ message, choices: [...choices], required: true }, context)),
    confirm: (message, initial) => interruptible(({ confirm }) => confirm({ message, default: initial }, context)),
  };
}

type Prompts = typeof import("@inquirer/prompts");

async function interruptible<T>(prompt: (prompts: Prompts) => Promise<T>): Promise<T> {
  try {
    return await prompt(await import("@inquirer/prompts"));
  } catch (error) {
    if ((error as Error).name === "ExitPromptError") throw new InterruptedError("SIGINT", error);
    throw error;
  }
}

/** What to throw where something is not known and nobody can be asked for it. */
export function mustBeTold(what: string, nextSteps: readonly string[]): AbortError {
  return new AbortError(what, {
    code: "answer-needed",
    exitCode: ExitCode.Usage,
    why: "Nobody can be asked here.",
    nextSteps,
  });
}
