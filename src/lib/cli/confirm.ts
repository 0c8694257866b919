// Asks before something is destroyed: on a terminal by a question, elsewhere by demanding --yes.
import { AbortError, InterruptedError } from "./errors.ts";
import { ExitCode } from "./exit-codes.ts";
import type { IOStreams } from "./streams.ts";

/**
 * Whether to go on.
 * @param question on one line, without its question mark's answer: "Kill 3 runners?"
 * @param isYes `--yes`
 * @throws AbortError (usage) where nobody can be asked and --yes was not given; InterruptedError on Ctrl-C
 */
export async function confirm(io: IOStreams, question: string, isYes: boolean): Promise<boolean> {
  if (isYes) return true;
  if (!io.canPrompt) {
    throw new AbortError(`${question} Nobody can be asked here, so nothing was done.`, {
      code: "confirmation-needed",
      exitCode: ExitCode.Usage,
      nextSteps: ["Add --yes to the command to say yes."],
    });
  }
  const prompts = await import("@inquirer/prompts");
  try {
    return await prompts.confirm({ message: question, default: false }, { input: io.stdin, output: io.stderr.stream });
  } catch (error) {
    if ((error as Error).name === "ExitPromptError") throw new InterruptedError("SIGINT", error);
    throw error;
  }
}
