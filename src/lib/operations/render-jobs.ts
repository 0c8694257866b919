// Jobs as a table.
import { formatDuration } from "../cli/durations.ts";
import type { OutputSide } from "../cli/streams.ts";
import { type Column, renderTable } from "../cli/table.ts";
import type { ListedJob } from "./list-jobs.ts";

const symbols = { queued: "○", held: "◌", running: "●", finished: "✓" } as const;

function symbolOf({ state, conclusion }: ListedJob): string {
  if (state !== "finished") return `${symbols[state]} ${state}`;
  return `${conclusion === "success" ? symbols.finished : "✗"} ${conclusion ?? state}`;
}

/** Of what runs as it should, or is over, a decision says nothing to a person. */
function isTelling({ state, decision }: ListedJob): boolean {
  return (
    decision !== null && decision !== "ignore:nothing-to-do" && (state === "queued" || decision !== "ignore:not-queued")
  );
}

/** A terminal is spared columns that say nothing; a pipe gets them all. */
export function renderJobs(jobs: readonly ListedJob[], output: OutputSide): string {
  const isShown = (says: (job: ListedJob) => boolean) => !output.isTTY || jobs.some(says);
  const repositories = new Set(jobs.map(({ repository }) => repository));
  const columns: (Column<ListedJob> | false)[] = [
    { header: "JOB", value: (row) => String(row.job) },
    {
      header: "STATE",
      value: (row) => row.state,
      short: symbolOf,
      colour: (row, colours) => {
        if (row.state === "running") return colours.green;
        if (row.state === "finished") return row.conclusion === "failure" ? colours.red : colours.dim;
        return colours.yellow;
      },
    },
    (!output.isTTY || repositories.size > 1) && { header: "REPOSITORY", value: (row) => row.repository, shrinks: true },
    { header: "NAME", value: (row) => row.name, shrinks: true },
    isShown(({ pool }) => pool !== null) && { header: "POOL", value: (row) => row.pool ?? "", shrinks: true },
    {
      header: "WAIT",
      value: (row) => (row.waitedMs === null ? "" : formatDuration(row.waitedMs)),
      align: "right",
      colour: (row, colours) => (row.state === "queued" ? colours.bold : colours.dim),
    },
    isShown(({ ranMs }) => ranMs !== null) && {
      header: "RAN",
      value: (row) => (row.ranMs === null ? "" : formatDuration(row.ranMs)),
      align: "right",
    },
    isShown(isTelling) && {
      header: "DECISION",
      value: (row) => row.decision ?? "",
      // The part before the colon says what the colour says.
      short: (row) => (isTelling(row) ? (row.decision as string).replace(/^(defer|ignore|refuse):/, "") : ""),
      colour: (row, colours) =>
        /^(defer|refuse|error|ignore:no)/.test(row.decision ?? "") ? colours.red : colours.bold,
    },
    {
      header: "RUNNER",
      value: (row) => row.runner ?? "",
      // There is no room for both on a terminal: why there is none, or which it is.
      short: (row) => (isTelling(row) && row.detail !== null ? row.detail : (row.runner ?? "")),
      shrinks: true,
    },
    !output.isTTY && { header: "SANDBOX", value: (row) => row.sandboxId ?? "" },
    !output.isTTY && { header: "WHY", value: (row) => row.detail ?? "" },
  ];
  return renderTable(
    jobs,
    columns.filter((column) => column !== false),
    output,
  );
}
