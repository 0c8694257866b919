// The control plane's log calls: live output of the V1 backend, and persisted logs of both, which outlive the Sandbox.
import type { ControlPlaneHandlers, ControlPlaneRequest } from "./definitions.ts";
import type { Functions } from "./functions.ts";
import type { LogEntry } from "./log-book.ts";
import type { SandboxStore } from "./sandbox-store.ts";

/** TaskState: the task runs. */
const active = 4 as const;

function toItem({ data, time, fileDescriptor }: LogEntry) {
  return {
    data,
    timestamp: time / 1000,
    timestampNs: String(BigInt(time) * 1_000_000n),
    fileDescriptor,
    taskState: active,
  };
}

type Query = Pick<
  ControlPlaneRequest<"appFetchLogs">,
  "appId" | "taskId" | "sandboxId" | "since" | "until" | "source" | "searchText"
>;

/** Whose log it is: a Sandbox's, or without a `sandboxId` a Function's container's. */
interface Source {
  appId: string;
  taskId: string;
  sandboxId: string;
  entries: readonly LogEntry[];
}

function sources(sandboxes: SandboxStore, functions: Functions): Source[] {
  return [
    ...sandboxes.all().map(({ options: { appId, taskId, id }, logs }) => {
      return { appId, taskId, sandboxId: id, entries: logs.entries };
    }),
    ...functions.containers().map(({ options: { appId }, taskId, logs }) => {
      return { appId, taskId, sandboxId: "", entries: logs.entries };
    }),
  ];
}

/** Entries from `since` on and before `until`, oldest first. */
function select(all: readonly Source[], query: Query): { source: Source; entry: LogEntry }[] {
  const since = query.since?.getTime() ?? 0;
  const until = query.until?.getTime() ?? Number.POSITIVE_INFINITY;
  return all
    .filter(
      (source) =>
        source.appId === query.appId &&
        (!query.taskId || source.taskId === query.taskId) &&
        (!query.sandboxId || source.sandboxId === query.sandboxId),
    )
    .flatMap((source) => source.entries.map((entry) => ({ source, entry })))
    .filter(
      ({ entry }) =>
        entry.time >= since &&
        entry.time < until &&
        (!query.source || entry.fileDescriptor === query.source) &&
        entry.data.includes(query.searchText),
    )
    .sort((a, b) => a.entry.time - b.entry.time);
}

export function logHandlers(sandboxes: SandboxStore, functions: Functions): ControlPlaneHandlers {
  return {
    async *sandboxGetLogs({ sandboxId, fileDescriptor, timeout, lastEntryId }, { signal }) {
      const { logs, options } = sandboxes.get(sandboxId);
      const deadline = Date.now() + timeout * 1000;
      // Entry ids are "<index>-0"; the SDK starts with "0-0".
      let last = Number.parseInt(lastEntryId, 10) || 0;
      while (!signal.aborted) {
        const ended = logs.ended;
        const fresh = logs.after(last);
        last = fresh.at(-1)?.index ?? last;
        const items = fresh.filter((entry) => !fileDescriptor || entry.fileDescriptor === fileDescriptor).map(toItem);
        if (items.length > 0 || ended) {
          yield { taskId: options.taskId, sandboxId, entryId: `${last}-0`, items, eof: ended };
        }
        if (ended || Date.now() >= deadline) return;
        await logs.changed.wait({ signal, timeoutMs: deadline - Date.now() });
      }
    },
    appFetchLogs: async (request) => {
      const found = select(sources(sandboxes, functions), request);
      // The newest ones, when there are more than were asked for.
      const kept = request.limit > 0 ? found.slice(-request.limit) : found;
      const batches: { taskId: string; sandboxId: string; items: ReturnType<typeof toItem>[] }[] = [];
      for (const { source, entry } of kept) {
        let batch = batches.at(-1);
        if (batch?.taskId !== source.taskId) {
          batch = { taskId: source.taskId, sandboxId: source.sandboxId, items: [] };
          batches.push(batch);
        }
        batch.items.push(toItem(entry));
      }
      return { batches };
    },
    appCountLogs: async (request) => {
      const width = (request.bucketSecs || 60) * 1000;
      const buckets = new Map<number, { stdoutLogs: number; stderrLogs: number }>();
      for (const { entry } of select(sources(sandboxes, functions), request)) {
        const start = Math.floor(entry.time / width) * width;
        const bucket = buckets.get(start) ?? { stdoutLogs: 0, stderrLogs: 0 };
        bucket[entry.fileDescriptor === 1 ? "stdoutLogs" : "stderrLogs"] += 1;
        buckets.set(start, bucket);
      }
      return {
        appId: request.appId,
        buckets: [...buckets].map(([start, counts]) => ({ bucketStartAt: new Date(start), ...counts })),
      };
    },
  };
}
