// Reads the log that is looked at, for as long as it is.
import { explainError } from "../../lib/cli/explain-error.ts";
import { redact } from "../../lib/cli/redact.ts";
import type { DashboardSource, LogLine } from "../../lib/dashboard/source.ts";
import type { Store } from "./store.ts";

/** Lines that come within this time are shown at once: a job may print thousands a second. */
const batchMs = 50;

/**
 * Opens a log on the screen and reads it to its end, or until it is closed.
 * @param reference a job, as everywhere
 */
export async function watchLog(
  { store, source, signal, now }: { store: Store; source: DashboardSource; signal: AbortSignal; now(): number },
  reference: string,
  title: string,
): Promise<void> {
  store.dispatch({ type: "log-opened", reference, title });
  const closed = new AbortController();
  const forget = store.subscribe(() => {
    if (store.state().log?.reference !== reference) closed.abort();
  });
  const either = AbortSignal.any([signal, closed.signal]);
  let batch: LogLine[] = [];
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    // Of one that was closed the same log may have been opened again.
    if (batch.length > 0 && !either.aborted) store.dispatch({ type: "log-lines", reference, lines: batch });
    batch = [];
  };
  const onWaiting = () => store.dispatch({ type: "log-status", reference, status: "waiting" });
  try {
    for await (const line of source.log(reference, { signal: either, onWaiting })) {
      batch.push(line);
      timer ??= setTimeout(flush, batchMs);
    }
    flush();
    if (!either.aborted) store.dispatch({ type: "log-status", reference, status: "ended" });
  } catch (error) {
    flush();
    if (either.aborted) return;
    const failure = redact(explainError(error).message);
    store.dispatch({ type: "log-status", reference, status: "failed", failure });
    store.dispatch({ type: "said", level: "error", text: `The log of ${title}: ${failure}`, at: now() });
  } finally {
    clearTimeout(timer);
    forget();
  }
}
