// What would become of a job with some labels, as an operator reads it.
import { formatResources } from "../../cli/numbers.ts";
import type { OutputSide } from "../../cli/streams.ts";
import { plainText } from "../../cli/text.ts";
import { writeDuration } from "../../policy/units.ts";
import type { LabelsExplanation } from "./explain-labels.ts";
import { renderLimits, renderPolicy } from "./render.ts";

export function renderLabels(told: LabelsExplanation, policyFile: string, output: OutputSide): string {
  const { bold } = output.colours;
  const { labels, repository, decision, resources, pool, runnerLabels } = told;
  const lines = [`runs-on: [${labels.map(plainText).join(", ")}] in ${repository}`, ""];
  if (decision) {
    const { reason, detail, policy } = decision;
    lines.push(`${bold(reason)}  ${plainText(detail)}`, ...renderPolicy(policy, policyFile, output));
  } else lines.push("What would be decided cannot be told.");
  if (pool !== null && resources !== null) {
    lines.push(
      "",
      `  pool       ${pool}`,
      `  resources  ${formatResources(resources)}, for ${writeDuration(resources.timeoutSeconds)} at most`,
      `  its runner registers with ${(runnerLabels ?? []).map(plainText).join(", ")}`,
    );
  }
  if (told.limits.length > 0) lines.push("", bold("Limits now"), ...renderLimits(told.limits, output));
  return lines.join("\n");
}
