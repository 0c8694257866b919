// What GitHub told the controller about one job, whether it came through, and what the controller answered. The list of
// deliveries does not name jobs, so those of the right time are opened one by one, the likeliest first.
import { z } from "zod";
import type { Job } from "../../fleet/snapshot.ts";
import {
  type Delivery,
  type Hook,
  isDelivered,
  readDeliveries,
  readDelivery,
  type WholeDelivery,
} from "../../github/deliveries.ts";
import { splitRepository } from "../../github/jobs.ts";
import { inBatches } from "../batches.ts";
import type { FleetAccess } from "../fleet-access.ts";
import { type ControllerAnswer, failureWords, readAnswer } from "../list-deliveries.ts";

/** Of a job: each may be told once, or sent again. */
export type JobAction = "queued" | "in_progress" | "completed";

export interface JobDelivery {
  action: JobAction;
  guid: string;
  /** Milliseconds since the epoch, of the attempt that counts: the first that came through, else the last. */
  at: number;
  /** Which attempt that was, from 1. */
  attempt: number;
  /** What went wrong with it; null when it came through. */
  failure: string | null;
  /** The controller's own words; null where it gave none. */
  answer: ControllerAnswer | null;
}

export interface JobDeliveries {
  found: JobDelivery[];
  /** Actions of which GitHub's log should have a delivery and has none. */
  missing: JobAction[];
  /** Not every delivery of the time could be looked at, or GitHub has forgotten them: then nothing is said to be missing. */
  isWhole: boolean;
}

/** GitHub keeps deliveries so long: docs.github.com/webhooks/testing-and-troubleshooting-webhooks/viewing-webhook-deliveries. */
const keptMs = 3 * 24 * 3600_000;
/** GitHub's times of jobs are cut to the second, and clocks differ. */
const leewayMs = 60_000;
/** GitHub gives up on an attempt after ten seconds, and queues deliveries for a while when there are many. */
const graceMs = 30_000;
/** Lists of 100 each. */
const mostPages = 30;
/** Deliveries opened for one action, a few at a time. */
const mostOpened = 60;
const atOnce = 6;

const payloadSchema = z.object({ workflow_job: z.object({ id: z.number() }) });

/** @throws what Octokit throws, and AbortError where nothing says which the fleet's webhooks are */
export async function findJobDeliveries(
  fleet: Pick<FleetAccess, "hooks" | "octokit">,
  job: Job,
  now: number,
): Promise<JobDeliveries> {
  const hooks = await fleet.hooks();
  const { data: repository } = await fleet.octokit.rest.repos.get(splitRepository(job.repository));
  const since = job.createdAt - leewayMs;
  const logs = await Promise.all(
    hooks.map(async (hook) => ({ hook, ...(await readDeliveries(hook.octokit, hook.path, since, mostPages)) })),
  );
  const candidates = logs.flatMap(({ hook, deliveries }) =>
    deliveries
      .filter(({ event, repository_id: id }) => event === "workflow_job" && id === repository.id)
      .map((delivery) => ({ delivery, hook })),
  );
  const found: JobDelivery[] = [];
  const missing: JobAction[] = [];
  let isWhole = logs.every((log) => log.isWhole) && now - job.createdAt < keptMs;
  for (const { action, at } of expected(job)) {
    const search = await openOf(job.id, action, at, candidates);
    found.push(...search.found);
    isWhole &&= search.isWhole;
    // An attempt is listed when it is over.
    if (search.found.length === 0 && now - at > graceMs) missing.push(action);
  }
  return { found: found.sort((a, b) => a.at - b.at), missing: isWhole ? missing : [], isWhole };
}

/** What GitHub must have told by now, and about when. A skipped job was never queued (github.com/actions/actions-runner-controller/issues/1326). */
function expected({
  status,
  conclusion,
  runnerName,
  createdAt,
  startedAt,
  completedAt,
}: Job): { action: JobAction; at: number }[] {
  const wasQueued = conclusion !== "skipped" && (status === "queued" || runnerName !== null || status === "completed");
  return [
    ...(wasQueued ? [{ action: "queued" as const, at: createdAt }] : []),
    ...(runnerName === null ? [] : [{ action: "in_progress" as const, at: startedAt ?? createdAt }]),
    ...(status === "completed" ? [{ action: "completed" as const, at: completedAt ?? createdAt }] : []),
  ];
}

type Candidate = { delivery: Delivery; hook: Hook };

/** Each App of the fleet is told by itself, so there may be several of one action. */
async function openOf(
  jobId: number,
  action: JobAction,
  at: number,
  all: readonly Candidate[],
): Promise<{ found: JobDelivery[]; isWhole: boolean }> {
  const groups = [
    ...Map.groupBy(
      all.filter(({ delivery }) => delivery.action === action),
      keyOf,
    ).values(),
  ];
  const first = (group: readonly Candidate[]) => Math.min(...group.map(({ delivery }) => delivery.delivered_at));
  groups.sort((a, b) => Math.abs(first(a) - at) - Math.abs(first(b) - at));
  for (let start = 0; start < groups.length && start < mostOpened; start += atOnce) {
    const opened = await inBatches(groups.slice(start, start + atOnce), atOnce, async (group) => {
      // By the first that came through the controller learned it; GitHub lists the newest first.
      const inTime = group.toSorted((a, b) => a.delivery.delivered_at - b.delivery.delivered_at);
      const shown = inTime.find(({ delivery }) => isDelivered(delivery)) ?? (inTime.at(-1) as Candidate);
      return { attempt: inTime.indexOf(shown) + 1, whole: await readDelivery(shown.hook, shown.delivery.id) };
    });
    const own = opened.filter(({ whole }) => payloadSchema.safeParse(whole?.payload).data?.workflow_job.id === jobId);
    if (own.length > 0) {
      const found = own.map(({ attempt, whole }) => describe(action, attempt, whole as WholeDelivery));
      return { found, isWhole: true };
    }
  }
  return { found: [], isWhole: groups.length <= mostOpened };
}

/** Attempts at one delivery share its GUID; ids are of one webhook. */
function keyOf({ delivery, hook }: Candidate): string {
  return `${hook.path} ${delivery.guid}`;
}

function describe(action: JobAction, attempt: number, whole: WholeDelivery): JobDelivery {
  return {
    action,
    guid: whole.guid,
    at: whole.delivered_at,
    attempt,
    failure: isDelivered(whole) ? null : failureWords(whole),
    answer: readAnswer(whole.answer) ?? null,
  };
}
