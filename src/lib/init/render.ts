// What a person sees of `init`: a line for each step as it goes, and at its end what there is now.
import type { Colours } from "../cli/colours.ts";
import { plainText, truncate } from "../cli/text.ts";
import type { InitResult } from "./init.ts";
import { type StepName, type StepReport, type StepState, stepNames } from "./progress.ts";

const titles: Record<StepName, string> = {
  modal: "Modal",
  policy: "Policy",
  image: "Runner image",
  controller: "Controller",
  github: "GitHub",
  secrets: "Secrets",
  webhook: "Webhook",
  installation: "Installation",
  verification: "Verification",
  settings: "Settings",
  workflow: "Workflow",
};

const widest = Math.max(...Object.values(titles).map((title) => title.length));

/** `[3/11] Runner image`, when it begins. */
export function renderBegin(step: StepName, number: number, { dim }: Colours): string {
  return dim(`[${number}/${stepNames.length}] ${titles[step]}`);
}

const words: Record<StepState, string> = { made: "made", unchanged: "unchanged", done: "done", skipped: "skipped" };

/** `made       Policy        /home/me/modal-gha.yaml: ...` */
export function renderReport({ step, state, detail }: StepReport, colours: Colours): string {
  const paint = { made: colours.green, unchanged: colours.cyan, done: colours.green, skipped: colours.yellow }[state];
  return `${paint(words[state].padEnd(9))}  ${titles[step].padEnd(widest)}  ${plainText(detail)}`;
}

/** Columns for a log's line where nobody says how many there are: some hold whole files. */
const mostColumns = 200;

/** A line of a log below a step, cut to the width. */
export function renderLine(text: string, { dim }: Colours, width: number): string {
  return dim(truncate(`  ${plainText(text)}`, Math.min(width, mostColumns)));
}

export function renderResult(result: InitResult, { bold }: Colours): string {
  const { changed, fleet, owner, controllerUrl, steps, workflow, next } = result;
  const headline = changed
    ? `The fleet ${fleet} of ${owner} is set up.`
    : `The fleet ${fleet} of ${owner}: nothing to do.`;
  const isWritten = steps.some(({ step, state }) => step === "workflow" && state !== "skipped");
  return [
    bold(headline),
    `controller  ${controllerUrl}`,
    `policy      ${result.policyFile}`,
    `settings    ${result.settingsFile}`,
    ...(isWritten || !changed ? [] : ["", "A workflow to try it with:", "", workflow.trimEnd()]),
    "",
    `${bold("Next:")}\n${next.map((command) => `  ${command}`).join("\n")}`,
  ].join("\n");
}
