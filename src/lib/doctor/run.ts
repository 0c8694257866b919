// Runs checks: those that need nothing of each other at once, each within its time, and hands the outcomes over in the
// order of the chain. Whatever a check throws becomes a finding; nothing a check does can keep the others from running.
import { formatDuration } from "../cli/durations.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import { explainError } from "../cli/explain-error.ts";
import { redact } from "../cli/redact.ts";
import { type Check, type Finding, fail, type Status } from "./check.ts";
import type { CheckId } from "./check-ids.ts";
import type { Facts } from "./facts/facts.ts";

/** What `doctor --json` prints, one for each check. */
export interface Outcome {
  id: CheckId;
  title: string;
  status: Status;
  detail: string;
  /** Most useful first. */
  mend: string[];
}

export interface RunOptions {
  /** These alone; of what they need, only what fails is shown. */
  only?: readonly CheckId[] | undefined;
  /** Milliseconds for each check, instead of its own limit. */
  limitMs?: number | undefined;
  /** Ends it all. */
  signal: AbortSignal;
  /** Hears which check is waited for. */
  onWait?(title: string): void;
  /** Hears each outcome when it and all before it are known. */
  onOutcome(outcome: Outcome): void;
  /** Hears what a check threw. */
  onError?(id: CheckId, error: unknown): void;
}

export interface Diagnosis {
  outcomes: Outcome[];
  /** Ok when nothing fails; Authentication when the first that fails is about credentials or rights. */
  exitCode: ExitCode;
}

/** How a check came out, and the failed links that kept it from being run. */
type Result = Finding & { because: readonly CheckId[] };

const defaultLimitMs = 20_000;

/**
 * @param checks in the order of the chain; a check comes with everything that it needs
 * @throws the signal's reason
 */
export async function runChecks(checks: readonly Check[], facts: Facts, options: RunOptions): Promise<Diagnosis> {
  const { only, signal, onOutcome } = options;
  const byId = new Map(checks.map((check) => [check.id, check]));
  const results = new Map<CheckId, Promise<Result>>();
  const resultOf = (id: CheckId): Promise<Result> => {
    const known = results.get(id) ?? runOne(byId.get(id) as Check, facts, options, resultOf, byId);
    results.set(id, known);
    return known;
  };
  const wanted = withNeeds(only ?? checks.map(({ id }) => id), byId);
  const chosen = checks.filter(({ id }) => wanted.has(id));
  for (const { id } of chosen) resultOf(id).catch(() => undefined);
  const outcomes: Outcome[] = [];
  let exitCode: ExitCode = ExitCode.Ok;
  for (const { id, title } of chosen) {
    options.onWait?.(title);
    const result = await resultOf(id);
    signal.throwIfAborted();
    const { status, isAuthentication } = result;
    if (status === "fail" && exitCode === ExitCode.Ok) {
      exitCode = isAuthentication ? ExitCode.Authentication : ExitCode.Failure;
    }
    if (only !== undefined && !only.includes(id) && status !== "fail") continue;
    const clean = (text: string) => redact(text, facts.secrets());
    const outcome = { id, title, status, detail: clean(result.detail), mend: result.mend.map(clean) };
    outcomes.push(outcome);
    onOutcome(outcome);
  }
  return { outcomes, exitCode };
}

function withNeeds(ids: readonly CheckId[], byId: ReadonlyMap<CheckId, Check>): Set<CheckId> {
  const all = new Set<CheckId>();
  const add = (id: CheckId) => {
    if (all.has(id)) return;
    all.add(id);
    for (const need of byId.get(id)?.needs ?? []) add(need);
  };
  for (const id of ids) add(id);
  return all;
}

async function runOne(
  check: Check,
  facts: Facts,
  options: RunOptions,
  resultOf: (id: CheckId) => Promise<Result>,
  byId: ReadonlyMap<CheckId, Check>,
): Promise<Result> {
  const needed = await Promise.all(check.needs.map(async (id) => ({ id, result: await resultOf(id) })));
  const because = new Set(needed.flatMap(({ id, result }) => (result.status === "fail" ? [id] : result.because)));
  if (because.size > 0) {
    const titles = [...because].map((id) => byId.get(id)?.title ?? id);
    const detail = `Not looked at, because this failed: ${titles.join(", ")}.`;
    return { status: "skipped", detail, mend: [], because: [...because] };
  }
  try {
    return { ...(await withinLimit(check, facts, options)), because: [] };
  } catch (error) {
    options.signal.throwIfAborted();
    options.onError?.(check.id, error);
    return { ...explain(check, error), because: [] };
  }
}

/** A check that hangs is left behind: its connections end with the process. */
async function withinLimit(check: Check, facts: Facts, options: RunOptions): Promise<Finding> {
  const limitMs = options.limitMs ?? check.limitMs ?? defaultLimitMs;
  const limit = new AbortController();
  const signal = AbortSignal.any([limit.signal, options.signal]);
  const { promise: ended, reject } = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  ended.catch(() => undefined);
  const timer = setTimeout(() => limit.abort(new LimitError(limitMs)), limitMs);
  try {
    return await Promise.race([(async () => check.run(facts, signal))(), ended]);
  } finally {
    clearTimeout(timer);
  }
}

class LimitError extends Error {
  readonly limitMs: number;

  constructor(limitMs: number) {
    super(`no answer within ${formatDuration(limitMs)}`);
    this.limitMs = limitMs;
  }
}

/** What was thrown, as an operator needs it. */
function explain(check: Check, error: unknown): Finding {
  if (error instanceof LimitError) {
    const patient = formatDuration(Math.max(60_000, 3 * error.limitMs)).replaceAll(" ", "");
    return fail(
      `There was ${error.message}.`,
      `modal-gha doctor --check ${check.id} --timeout ${patient}`,
      "If that does not help either, check the network, firewalls and proxies in between.",
    );
  }
  const { code, message, why, nextSteps, exitCode } = explainError(error);
  const sentence = /[.!?:]$/.test(message) ? message : `${message}.`;
  const said = why === undefined || message.includes(why) ? message : `${sentence} ${why}`;
  // Who is here need not be sent here.
  const steps = nextSteps.filter((step) => step !== "modal-gha doctor");
  if (code === "bug") {
    return fail(said, `DEBUG=1 modal-gha doctor --check ${check.id}`, "Report what it prints.");
  }
  return { ...fail(said, ...steps), isAuthentication: exitCode === ExitCode.Authentication };
}
