// Everything that can go wrong, by name, and how much longer a job may have to wait because of it.
import type { Random } from "./random.ts";

const minute = 60_000;

/**
 * Faults, and how much longer each may leave a job without a Sandbox while there is room: until the next look at the whole
 * fleet (a minute), the next look into quiet repositories (ten), or the next try, as often as one job may plausibly meet it.
 */
export const faults = {
  "webhooks-lost": { delayMs: 10 * minute, what: "a fifth of all webhooks never arrives" },
  "webhooks-doubled": { delayMs: 0, what: "a fifth arrives twice" },
  "webhooks-reordered": { delayMs: 2 * minute, what: "all take between nothing and two minutes" },
  "webhooks-late": { delayMs: 10 * minute, what: "a tenth arrives up to three hours late" },
  "two-controllers": { delayMs: minute, what: "two controllers at once, each told of most that happens" },
  crashes: { delayMs: 8 * minute, what: "controllers die between any two calls, and are replaced within a minute" },
  "lost-replies": { delayMs: 4 * minute, what: "calls are carried out, and their replies are lost" },
  "name-taken": { delayMs: 4 * minute, what: "the same, and a retry says that the name is taken" },
  "rate-limits": { delayMs: 5 * minute, what: "GitHub's 403 and 429, with and without a time to wait" },
  "server-errors": { delayMs: 6 * minute, what: "5xx of either side" },
  timeouts: { delayMs: 5 * minute, what: "calls that take half a minute and fail, carried out or not" },
  exhaustion: { delayMs: 8 * minute, what: "Modal finds no machine for a Sandbox" },
  "name-races": { delayMs: 2 * minute, what: "Modal says that a name is taken which no living Sandbox has" },
  "dies-at-start": { delayMs: 5 * minute, what: "Sandboxes that end before their runner is up" },
  "dies-mid-job": { delayMs: 0, what: "Sandboxes that end while a job runs" },
  "never-registers": { delayMs: 4 * minute, what: "runners that hang before they connect" },
  stealing: { delayMs: minute, what: "runners with more labels take jobs that ask for fewer" },
  "foreign-runners": { delayMs: 0, what: "jobs are taken by runners that are not of the fleet" },
  "cancelled-before": { delayMs: 0, what: "jobs are cancelled in their first seconds" },
  "cancelled-after": { delayMs: 0, what: "jobs are cancelled later, mostly while they run" },
  "busy-lies": { delayMs: 0, what: "REST says of a runner with a job that it is not busy" },
  "stale-reads": { delayMs: 2 * minute, what: "REST tells how jobs and runners were up to a minute ago" },
  "clock-skew": { delayMs: minute / 2, what: "controllers' clocks are up to half a minute wrong" },
  "registrations-vanish": { delayMs: minute, what: "GitHub removes idle runners after 2 to 60 minutes" },
  "deprecated-runner": { delayMs: 4 * minute, what: "runners that connect, get no job, and exit" },
  "fork-steals": { delayMs: minute, what: "a stranger's job is taken by a runner that was made for another job" },
  "strangers-steal": { delayMs: minute, what: "jobs of repositories that the policy does not allow take runners" },
  "pages-shift": { delayMs: 0, what: "GitHub's list of runners, read page by page, leaves one out" },
  outages: { delayMs: 2 * minute, what: "GitHub or Modal cannot be reached for up to an hour" },
} as const;

export type FaultName = keyof typeof faults;
export const faultNames = Object.keys(faults) as FaultName[];
/** Those that the fleet has no answer to. */
const unanswered: readonly FaultName[] = ["fork-steals"];

/** @throws Error naming the fault that there is not */
export function readFaults(text: string): FaultName[] {
  if (text === "all") return faultNames.filter((name) => !unanswered.includes(name));
  if (text === "none") return [];
  const names = text.split(",").filter((name) => name !== "");
  const unknown = names.find((name) => !(faultNames as string[]).includes(name));
  if (unknown !== undefined)
    throw new Error(`There is no fault ${unknown}. Faults: all, none, ${faultNames.join(", ")}.`);
  return faultNames.filter((name) => names.includes(name));
}

/** What happens to one call of a controller. */
export type CallFate =
  | { kind: "well" }
  | { kind: "refused"; afterMs: number; message: string; retryAfterSeconds?: number; isRateLimit?: boolean }
  /** Carried out, and then: no reply, or the reply to a retry. */
  | { kind: "lost"; afterMs: number; message: string; isNameTaken?: boolean };

/** Windows in which a service cannot be reached. */
export interface Outage {
  service: "github" | "modal";
  from: number;
  to: number;
}

export function planOutages(random: Random, start: number, hours: number): Outage[] {
  return Array.from({ length: Math.max(1, Math.round(hours / 2)) }, () => {
    const from = start + random.between(0, hours * 3_600_000);
    const to = Math.min(from + random.between(1, 60) * minute, start + hours * 3_600_000);
    return { service: random.chance(0.5) ? "github" : "modal", from: Math.round(from), to: Math.round(to) };
  });
}

/** Draws the fate of one call. */
export function drawFate(
  random: Random,
  service: "github" | "modal",
  operation: string,
  has: (fault: FaultName) => boolean,
): CallFate {
  const name = service === "github" ? "GitHub" : "Modal";
  if (service === "github" && has("rate-limits") && random.chance(0.05)) {
    const retry = random.chance(0.5) ? { retryAfterSeconds: random.whole(1, 120) } : {};
    return { kind: "refused", afterMs: 100, message: `${name}: 403 rate limit`, isRateLimit: true, ...retry };
  }
  if (has("server-errors") && random.chance(0.05)) return { kind: "refused", afterMs: 300, message: `${name}: 502` };
  if (has("timeouts") && random.chance(0.03)) {
    const kind = random.chance(0.5) ? "lost" : "refused";
    return { kind, afterMs: 30_000, message: `${name}: timed out` };
  }
  if (has("lost-replies") && random.chance(0.05))
    return { kind: "lost", afterMs: 500, message: `${name}: socket hang up` };
  if (has("name-taken") && (operation === "mintRunner" || operation === "create") && random.chance(0.08)) {
    return { kind: "lost", afterMs: 500, message: `${name}: the name is in use`, isNameTaken: true };
  }
  return { kind: "well" };
}
