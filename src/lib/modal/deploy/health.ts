// Whether a controller answers, and as the one that was deployed. A cold start takes seconds, and for a moment the one of
// before may answer still.
import { setTimeout as delay } from "node:timers/promises";

/** What GET /healthz says. */
export interface Health {
  fleet: string;
  version: string;
  /** Hash of its policy. */
  policy: string;
  deployment: string;
  /** Whether it has its credentials. */
  configured: boolean;
  /** Whether it has reached GitHub and Modal; absent while it is not configured. */
  connected?: boolean;
}

export interface HealthOptions {
  url: string;
  /** What it must say. */
  expected: Partial<Pick<Health, "version" | "policy" | "deployment">>;
  /** Milliseconds. */
  withinMs: number;
  /** Asked when another one answers: whether there is nothing to wait for. */
  isVain?(): Promise<boolean>;
  signal?: AbortSignal | undefined;
  clock?: Clock | undefined;
}

/** The time by which it is waited. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** @throws the signal's reason */
  sleep(ms: number, signal: AbortSignal | undefined): Promise<unknown>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => delay(ms, undefined, signal && { signal }),
};

/** So many failures of the endpoint in a row, for so many milliseconds, mean that its containers do not start. */
const mostFailures = 4;
const failingMs = 20_000;
/** Milliseconds that one answer may take, with the start of a container. */
const answerWithinMs = 60_000;

/** @returns its health once that is what is expected, or what it is instead. @throws the signal's reason */
export async function checkHealth(options: HealthOptions): Promise<Health | string> {
  const { url, expected, withinMs, isVain, signal, clock = systemClock } = options;
  const deadline = clock.now() + withinMs;
  let failures = 0;
  let failedAt = 0;
  for (let pauseMs = 250; ; pauseMs = Math.min(pauseMs * 2, 4_000)) {
    const { health, fault = health && differenceOf(health, expected), isFailure } = await get(url, signal);
    if (health && fault === undefined) return health;
    failures = isFailure ? failures + 1 : 0;
    const now = clock.now();
    if (failures === 1) failedAt = now;
    const isDown = failures >= mostFailures && now - failedAt >= failingMs;
    const isLast = isDown || now + pauseMs > deadline || (health && (await isVain?.()));
    if (isLast) return fault ?? "it did not answer";
    await clock.sleep(pauseMs, signal);
  }
}

/** What /healthz says, or why there is no such answer. @throws the signal's reason */
export async function ask(url: string, signal?: AbortSignal): Promise<Health | string> {
  const { health, fault } = await get(url, signal);
  return health ?? fault ?? "it did not answer";
}

interface Answer {
  health?: Health;
  /** In place of its health. */
  fault?: string;
  /** Whether the endpoint is there, and what should answer is not. */
  isFailure?: boolean;
}

async function get(url: string, signal: AbortSignal | undefined): Promise<Answer> {
  signal?.throwIfAborted();
  try {
    const timeout = AbortSignal.timeout(answerWithinMs);
    const response = await fetch(`${url}/healthz`, { signal: signal ? AbortSignal.any([signal, timeout]) : timeout });
    if (!response.ok) return { fault: `it answered ${response.status}`, isFailure: response.status >= 500 };
    const health = (await response.json()) as Health | null;
    return health?.fleet === undefined ? { fault: "something else than a controller answered" } : { health };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof SyntaxError) return { fault: "something else than a controller answered" };
    const { message, cause } = error as Error;
    return { fault: `it did not answer: ${cause instanceof Error ? cause.message : message}` };
  }
}

function differenceOf(health: Health, { deployment, version, policy }: HealthOptions["expected"]): string | undefined {
  if (deployment !== undefined && health.deployment !== deployment) return "the controller of another deploy answers";
  if (version !== undefined && health.version !== version) return `it is of version ${health.version}, not ${version}`;
  if (policy !== undefined && health.policy !== policy) return `it has policy ${health.policy}, not ${policy}`;
  return undefined;
}
