// Asks for a name to be typed before something is gone for good; where nobody can be asked, demands --yes.
import { AbortError, InterruptedError } from "./errors.ts";
import { ExitCode } from "./exit-codes.ts";
import type { IOStreams } from "./streams.ts";

/**
 * @param what after "To", such as "destroy the fleet"
 * @param isYes `--yes`
 * @throws AbortError where another name was typed, or (usage) nobody can be asked; InterruptedError on Ctrl-C; the signal's
 * reason
 */
export async function confirmName(
  io: IOStreams,
  what: string,
  name: string,
  isYes: boolean,
  signal?: AbortSignal,
): Promise<void> {
  if (isYes) return;
  if (!io.canPrompt) {
    throw new AbortError(`To ${what} takes a yes, and nobody can be asked here, so nothing was done.`, {
      code: "confirmation-needed",
      exitCode: ExitCode.Usage,
      nextSteps: ["Add --yes to the command to say yes."],
    });
  }
  const { input } = await import("@inquirer/prompts");
  let typed: string;
  try {
    typed = await input(
      { message: `To ${what}, type its name (${name}):` },
      { input: io.stdin, output: io.stderr.stream, ...(signal && { signal }) },
    );
  } catch (error) {
    signal?.throwIfAborted();
    if ((error as Error).name === "ExitPromptError") throw new InterruptedError("SIGINT", error);
    throw error;
  }
  if (typed.trim() === name) return;
  throw new AbortError("That is not its name, so nothing was done.", { code: "not-confirmed" });
}
