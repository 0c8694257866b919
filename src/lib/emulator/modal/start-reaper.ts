// Starts the reaper, and speaks to it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { packageFile } from "../../package-root.ts";

/** Variable that every process of an emulator carries, so that it is found even after it left its group. */
export const markerVariable = "MODAL_EMULATOR";

export interface Reaper {
  /** Value of MODAL_EMULATOR by which processes are found; give it to those that shall be. */
  readonly marker: string;
  readonly pid: number;
  /** Also kill this process and the group it leads. For children that do not carry the marker, or where there is no /proc. */
  register(pid: number): void;
  /** Forget a process that has ended: its number may soon be another's. */
  unregister(pid: number): void;
  /** Kills whatever is left now, and resolves when the reaper itself has ended. */
  close(): Promise<void>;
}

/**
 * Starts a reaper in a session of its own, tied to this process by a pipe: it acts when `close` is called or when this
 * process ends in any way, kill -9 included.
 * @param marker a random text; letters and digits.
 * @param directory a folder that goes with this process, removed once all is killed
 */
export async function startReaper(marker: string, directory?: string): Promise<Reaper> {
  const program = import.meta.url.endsWith(".ts")
    ? fileURLToPath(new URL("./reaper.ts", import.meta.url))
    : packageFile("dist", "reaper.js");
  const child = spawn(
    process.execPath,
    [program, markerVariable, marker, ...(directory === undefined ? [] : [directory])],
    {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
      // Nothing of our environment: it may hold secrets, and options for Node that are not meant for it.
      env: { PATH: process.env["PATH"] },
    },
  );
  await once(child, "spawn");
  const ended = once(child, "exit");
  // Neither the reaper nor the pipe keeps a program alive that has nothing else to do.
  child.unref();
  if ("unref" in child.stdin && typeof child.stdin.unref === "function") child.stdin.unref();
  // Somebody killed the reaper: nothing to be done from here.
  child.stdin.on("error", () => {});
  const say = (line: string): void => {
    if (child.stdin.writable) child.stdin.write(`${line}\n`);
  };
  return {
    marker,
    pid: child.pid!,
    register: (pid) => say(`+${pid}`),
    unregister: (pid) => say(`-${pid}`),
    async close() {
      child.ref();
      child.stdin.end();
      await ended;
    },
  };
}
