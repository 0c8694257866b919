// The Watch operation of the file tools: a line of JSON per change, until its standard input ends or its time is over.
import { lstat, stat, watch } from "node:fs/promises";
import { posix } from "node:path";
import type { FileToolsIo } from "./file-tools.ts";
import { resolveFile } from "./sandbox-paths.ts";

export interface WatchCommand {
  path: string;
  recursive: boolean;
  /** Kinds of event to tell; null tells all. */
  filter: string[] | null;
  timeout_secs: number | null;
}

async function exists(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  );
}

/** @throws the error of the file system when there is nothing to watch. */
export async function watchFiles(command: WatchCommand, { paths, stdin, stdout, signal }: FileToolsIo): Promise<void> {
  const file = await resolveFile(paths, command.path);
  const isFolder = (await stat(file)).isDirectory();
  const ended = new AbortController();
  const signals = [signal, ended.signal];
  if (command.timeout_secs !== null) signals.push(AbortSignal.timeout(command.timeout_secs * 1000));
  stdin.once("end", () => ended.abort()).resume();
  try {
    for await (const event of watch(file, { recursive: command.recursive, signal: AbortSignal.any(signals) })) {
      const name = isFolder ? (event.filename ?? "") : "";
      const kind =
        event.eventType === "change" ? "Modify" : (await exists(posix.join(file, name))) ? "Create" : "Remove";
      if (command.filter && !command.filter.includes(kind)) continue;
      stdout(Buffer.from(`${JSON.stringify({ event_type: kind, paths: [posix.join(command.path, name)] })}\n`));
    }
  } catch (error) {
    // An end by the signal is a good end.
    if (!(error instanceof Error && error.name === "AbortError")) throw error;
  }
}
