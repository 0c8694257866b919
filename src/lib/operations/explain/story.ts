// What happened to a job, event by event, from the facts. Pure.
import { formatDuration } from "../../cli/durations.ts";
import { plainText } from "../../cli/text.ts";
import { parseOwnRunnerName, parseRunnerName, parseSandboxName, parseWarmSandboxName } from "../../fleet/names.ts";
import { reasons } from "../../fleet/reasons.ts";
import type { Policy } from "../../policy/schema.ts";
import type { ExplainedSandbox, StoryEvent, StorySource } from "./explanation.ts";
import type { Facts, SandboxFacts } from "./facts.ts";
import type { JobAction, JobDelivery } from "./job-deliveries.ts";

type Told = Omit<StoryEvent, "at"> & { at: number };

const actionWords: Record<JobAction, string> = {
  queued: "that it is queued",
  in_progress: "that a runner took it",
  completed: "that it ended",
};

/** What the entrypoint's last line means; reasons are those of image/bin/modal-gha-entrypoint. */
const exits: Record<string, { text: string; isBad: boolean }> = {
  "job-completed": { text: "the job was done", isBad: false },
  idle: { text: "no job came to it within the pool's idle-timeout", isBad: false },
  killed: { text: "it was told to stop", isBad: true },
  deprecated: {
    text: "GitHub gives no jobs to this version of the runner any more: build the image anew",
    isBad: true,
  },
  "session-conflict": { text: "another runner was connected under its name", isBad: true },
  deregistered: { text: "GitHub had removed its registration", isBad: true },
  "runner-failed": { text: "the runner failed", isBad: true },
};

/** How Modal says that a Sandbox ended which could not say it itself. */
const ends: Record<string, string> = {
  timeout: "it reached the pool's timeout",
  terminated: "it was terminated: by the fleet, by hand, or since it ran out of memory",
  failed: "its entrypoint failed",
  exited: "its entrypoint ended without a word",
};

/** The oldest first. */
export function tellStory(facts: Facts, policy: Pick<Policy, "fleet" | "pools">): StoryEvent[] {
  const { job, isGuess, deliveries, sandboxes = [] } = facts;
  const events: Told[] = [];
  const tell = (at: number, kind: Told["kind"], source: StorySource, text: string, isBad = false) =>
    void events.push({ at, kind, source, text, isBad });

  if (!isGuess) {
    const labels = job.labels.length > 0 ? ` on ${job.labels.map(plainText).join(", ")}` : "";
    tell(
      job.createdAt,
      "created",
      "github",
      `${job.conclusion === "skipped" ? "Skipped" : "Queued"} in ${job.repository}${labels}`,
    );
  }
  for (const delivery of deliveries?.found ?? []) events.push(...tellDelivery(delivery));
  for (const action of deliveries?.missing ?? []) {
    const at = { queued: job.createdAt, in_progress: job.startedAt, completed: job.completedAt }[action];
    tell(
      at ?? job.createdAt,
      "delivery",
      "github",
      `GitHub's log has no delivery that told the controller ${actionWords[action]}`,
      true,
    );
  }
  for (const sandbox of sandboxes) events.push(...tellSandbox(sandbox, facts));
  if (job.startedAt !== undefined && job.runnerName !== null) {
    tell(job.startedAt, "taken", "github", `Runner ${job.runnerName} took it${otherRunner(facts, policy)}`);
  }
  if (job.completedAt !== undefined) {
    const took = job.startedAt === undefined ? "" : `, after ${formatDuration(job.completedAt - job.startedAt)}`;
    const isBad = job.conclusion !== "success" && job.conclusion !== "skipped";
    if (job.conclusion !== "skipped") {
      tell(job.completedAt, "completed", "github", `Ended with ${job.conclusion ?? "no conclusion"}${took}`, isBad);
    }
  }
  return inOrder(events, facts).map((event) => ({ ...event, at: new Date(event.at).toISOString() }));
}

/**
 * GitHub's times of jobs are cut to the second, Modal's and those of deliveries are not: a job is taken after its Sandbox
 * was created, and ends after that.
 */
function inOrder(events: readonly Told[], { job, sandboxes = [] }: Facts): Told[] {
  const ran = sandboxes.find(({ runnerName }) => runnerName === job.runnerName);
  const takenAt = Math.max(job.startedAt ?? 0, ran === undefined ? 0 : ran.createdAt);
  const timeOf = ({ at, kind }: Told) => {
    const least = kind === "taken" || kind === "completed" ? takenAt : 0;
    return least - at < 1000 ? Math.max(at, least) : at;
  };
  return events.toSorted((a, b) => timeOf(a) - timeOf(b) || order.indexOf(a.kind) - order.indexOf(b.kind));
}

/** Of events of one moment. */
const order: StoryEvent["kind"][] = [
  "created",
  "delivery",
  "answer",
  "sandbox-created",
  "sandbox-placed",
  "taken",
  "completed",
  "runner-exit",
  "sandbox-ended",
];

function tellDelivery({ action, at, failure, answer, attempt }: JobDelivery): Told[] {
  const times = attempt > 1 ? `, at attempt ${attempt}` : "";
  const what = `the controller ${actionWords[action]}`;
  const text = failure === null ? `GitHub told ${what}${times}` : `GitHub could not tell ${what}: ${failure}`;
  const told: Told[] = [{ at, kind: "delivery", source: "github", text, isBad: failure !== null }];
  for (const [index, { reason, detail }] of (answer ? [answer, ...answer.more.filter(isAboutIt)] : []).entries()) {
    const isBad = /^(error|defer:|refuse:|ignore:(no-pool|repository))/.test(reason);
    const meaning = reason in reasons ? reasons[reason as keyof typeof reasons] : "";
    const text = `${index === 0 ? "It answered" : "and"} ${reason}: ${detail ?? meaning}`;
    told.push({ at, kind: "answer", source: "controller", isBad, text });
  }
  return told;
}

/** Runners that were started along with it, for other jobs or none, are another story. */
function isAboutIt({ reason }: { reason: string }): boolean {
  return reason !== "warm" && reason !== "spawn";
}

/** Before this it is no wait worth telling of. */
const promptMs = 5_000;

function tellSandbox(sandbox: SandboxFacts, { job, now }: Facts): Told[] {
  const { id, pool, runnerName, createdAt, placedAt, endedAt } = sandbox;
  const made = madeFor(sandbox);
  const purpose =
    made === 0 ? " to wait for any job" : made === null || made === job.id ? " for it" : ` for job ${made}`;
  const told: Told[] = [
    {
      ...{ at: createdAt, kind: "sandbox-created", source: "modal", isBad: false },
      text: `Sandbox ${id} of pool ${pool} was created${purpose}, with runner ${runnerName}`,
    },
  ];
  if (placedAt !== null && placedAt - createdAt >= promptMs) {
    const text = `Modal found a machine for it after ${formatDuration(placedAt - createdAt)}`;
    told.push({ at: placedAt, kind: "sandbox-placed", source: "modal", isBad: false, text });
  } else if (placedAt === null && endedAt === null && now - createdAt >= promptMs) {
    const text = `Modal has found no machine for it in ${formatDuration(now - createdAt)}`;
    told.push({ at: now, kind: "sandbox-placed", source: "modal", isBad: true, text });
  }
  if (endedAt !== null) told.push(tellEnd(sandbox, endedAt, job.runnerName));
  return told;
}

function tellEnd(
  { id, runnerName, exit, end, lastWords, isWithdrawn }: SandboxFacts,
  at: number,
  took: string | null,
): Told {
  const words = lastWords === undefined ? "" : ` (its last line: ${plainText(lastWords)})`;
  if (exit) {
    const { text, isBad } = exits[exit.reason] ?? { text: exit.reason, isBad: true };
    // One that waited in vain for this job did not do what it was there for.
    const isVain = exit.reason === "idle" && took !== runnerName;
    return {
      at,
      kind: "runner-exit",
      source: "runner",
      isBad: isBad || isVain,
      text: `Sandbox ${id} ended: ${text}${words}`,
    };
  }
  if (isWithdrawn) {
    const text = `Sandbox ${id} was ended at once: another controller had taken the last free place`;
    return { at, kind: "sandbox-ended", source: "modal", isBad: false, text };
  }
  const how = end ? `: ${ends[end.reason]} (exit code ${end.code})` : "";
  return {
    at,
    kind: "sandbox-ended",
    source: "modal",
    isBad: end !== undefined,
    text: `Sandbox ${id} ended${how}${words}`,
  };
}

/** That the runner which took the job is not the one that was made for it. */
function otherRunner({ job, sandboxes = [] }: Facts, policy: Pick<Policy, "fleet" | "pools">): string {
  const name = parseOwnRunnerName(job.runnerName, policy);
  if (!name || name.jobId === job.id) return name ? "" : ", which is none of this fleet";
  const own = sandboxes.find((sandbox) => madeFor(sandbox) === job.id && sandbox.runnerName !== job.runnerName);
  const whose = name.jobId === 0 ? "; it was kept ready for any job" : `; it was made for job ${name.jobId}`;
  const swapped =
    own && own.jobId !== job.id ? `, and the one made for this job, ${own.runnerName}, serves job ${own.jobId}` : "";
  return `${whose}${swapped}`;
}

/** The job that a Sandbox was made for, by the name that never changes; 0 for none, null where the name does not tell. */
export function madeFor({ name, runnerName }: { name: string; runnerName: string }): number | null {
  if (parseWarmSandboxName(name)) return 0;
  return parseSandboxName(name)?.jobId ?? parseRunnerName(runnerName)?.jobId ?? null;
}

export function explainSandbox(sandbox: SandboxFacts): ExplainedSandbox {
  const iso = (time: number | null) => (time === null ? null : new Date(time).toISOString());
  return {
    id: sandbox.id,
    runner: sandbox.runnerName,
    pool: sandbox.pool,
    createdAt: new Date(sandbox.createdAt).toISOString(),
    placedAt: iso(sandbox.placedAt),
    endedAt: iso(sandbox.endedAt),
    madeFor: madeFor(sandbox),
    job: sandbox.jobId,
    end: sandbox.exit?.reason ?? sandbox.end?.reason ?? (sandbox.isWithdrawn ? "withdrawn" : null),
  };
}
