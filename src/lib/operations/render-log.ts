// Turns a job's log events into lines for a terminal.
import type { Colours } from "../cli/colours.ts";
import { outputText, plainText } from "../cli/text.ts";
import type { LogEvent, SandboxEnd } from "../modal/entrypoint-log.ts";

/** The line to show for an event; undefined for one that says nothing to a person. */
export function renderLogEvent(event: LogEvent, colours: Colours): string | undefined {
  switch (event.event) {
    case "output":
      return renderOutput(outputText(event.text, colours.enabled), colours);
    case "job":
      return colours.bold(`job ${plainText(event.name)}`);
    case "step":
      return colours.bold(`▸ ${plainText(event.name)}`);
    case "step-result":
      if (event.result === "Skipped") return colours.dim("  skipped");
      if (isGood(event.result)) return undefined;
      return colours.red(`✗ ${plainText(event.name)}: ${event.result.toLowerCase()}`);
    case "job-result":
      return isGood(event.result)
        ? colours.green(`✓ job ${event.result.toLowerCase()}`)
        : colours.red(`✗ job ${event.result.toLowerCase()}`);
    case "exit":
      return event.reason === "job-completed" ? undefined : colours.yellow(`runner ended: ${event.reason}`);
    case "ended":
      return colours.red(`Sandbox ended: ${ends[event.reason]} (${event.code})`);
    case "starting":
    case "listening":
      return undefined;
  }
}

const ends: Record<SandboxEnd, string> = {
  timeout: "it reached the pool's timeout",
  terminated: "it was terminated",
  failed: "its entrypoint failed",
  exited: "its entrypoint ended without a word",
};

function isGood(result: string): boolean {
  return result === "Succeeded" || result === "SucceededWithIssues" || result === "Skipped";
}

/** Lines with a `##[command]` as GitHub's own log view shows them (docs.github.com/actions/reference/workflow-commands-for-github-actions). */
function renderOutput(text: string, colours: Colours): string | undefined {
  const match = /^##\[(group|endgroup|error|warning|notice|debug|command|section)\](.*)$/.exec(text);
  if (!match) return text;
  const [, command, rest = ""] = match;
  if (command === "endgroup") return undefined;
  if (command === "error") return colours.red(rest);
  if (command === "warning") return colours.yellow(rest);
  return command === "notice" ? rest : colours.dim(rest);
}
