// Jobs: those that wait first, each with the decision about it.
import { formatDuration } from "../../../lib/cli/durations.ts";
import type { DashboardJob } from "../../../lib/dashboard/source.ts";
import type { Tone } from "../../palette.ts";
import { duration, type View } from "./view.ts";

const good = new Set(["success", "neutral", "skipped"]);

function jobLooks(job: DashboardJob): [string, Tone] {
  const [text, tone] = freshLooks(job);
  return job.isStale ? [`${text}?`, "muted"] : [text, tone];
}

function freshLooks({ state, conclusion }: DashboardJob): [string, Tone] {
  if (state === "queued") return ["◇ queued", "wait"];
  if (state === "held") return ["◈ held", "wait"];
  if (state === "running") return ["● running", "good"];
  return good.has(conclusion ?? "") ? [`✓ ${conclusion}`, "muted"] : [`✗ ${conclusion ?? state}`, "bad"];
}

/** Put off comes right by itself; refused does not. */
export function decisionTone(reason: string): "wait" | "bad" | "plain" {
  if (reason.startsWith("defer:")) return "wait";
  return /^(refuse:|error|ignore:(no-|repository-))/.test(reason) ? "bad" : "plain";
}

/** Of what runs as it should, or is over, a decision says nothing to a person. */
const isTelling = ({ state, decision }: DashboardJob) => decision !== null && (state === "queued" || state === "held");

export const jobs: View<DashboardJob> = {
  title: "Jobs",
  identity: (row) => `${row.job}/${row.attempt}`,
  rows: (state) => state.feeds.jobs.data?.jobs,
  feeds: ["jobs"],
  empty: "No job waits or runs, and none ended in the last quarter of an hour.",
  columns: [
    {
      header: "STATE",
      cell: (row) => jobLooks(row)[0],
      tone: (row) => jobLooks(row)[1],
      sortBy: (row) => ["queued", "held", "running", "finished"].indexOf(row.state),
      rank: 0,
    },
    { header: "NAME", cell: (row) => row.name, min: 14, rank: 1 },
    { header: "REPOSITORY", cell: (row) => row.repository, min: 10, rank: 5 },
    {
      ...duration,
      header: "WAIT",
      cell: (row, now) =>
        row.state === "queued" || row.state === "held"
          ? formatDuration(now - Date.parse(row.createdAt))
          : row.waitedMs === null
            ? ""
            : formatDuration(row.waitedMs),
      tone: (row) => (row.state === "queued" ? "strong" : "muted"),
      sortBy: (row) => row.waitedMs ?? -1,
      rank: 2,
    },
    {
      ...duration,
      header: "RAN",
      cell: (row, now) =>
        row.startedAt === null
          ? ""
          : formatDuration((row.completedAt === null ? now : Date.parse(row.completedAt)) - Date.parse(row.startedAt)),
      sortBy: (row) => row.ranMs ?? -1,
      rank: 4,
    },
    {
      header: "DECISION",
      cell: (row) => (isTelling(row) ? (row.decision ?? "") : ""),
      tone: (row) => decisionTone(row.decision ?? ""),
      rank: 3,
    },
    { header: "POOL", cell: (row) => row.pool ?? "", min: 8, rank: 7 },
    { header: "JOB", cell: (row) => String(row.job), sortBy: (row) => row.job, tone: () => "muted", rank: 8 },
    { header: "RUNNER", cell: (row) => row.runner ?? "", min: 26, rank: 9 },
    {
      header: "WHY",
      cell: (row) => (isTelling(row) ? (row.detail ?? "") : ""),
      tone: () => "muted",
      min: 20,
      rank: 6,
      grows: true,
    },
  ],
};
