// Where a running `modal-gha dev` leaves word of itself, so that `dev env` in another terminal finds it.
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** What `dev --json` prints. */
export interface DevAnnouncement {
  githubUrl: string;
  modalUrl: string;
  /** Of the controller; both null where there is none yet (`--empty`). */
  webhookUrl: string | null;
  webhookSecret: string | null;
  owner: string;
  repository: string;
  appId: number;
  privateKeyFile: string;
  /** Every variable to export. */
  env: Record<string, string>;
}

/** Under XDG_STATE_HOME or ~/.local/state (specifications.freedesktop.org/basedir). */
export function registryFolder(env: Readonly<Record<string, string | undefined>>): string {
  return join(env["XDG_STATE_HOME"] || join(homedir(), ".local", "state"), "modal-gha", "dev");
}

/**
 * Writes the announcement, readable by its owner alone, since the secrets of this rehearsal are in it.
 * @returns a function that takes it back
 */
export async function announce(
  folder: string,
  pid: number,
  announcement: DevAnnouncement,
): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const { file, isAlive } of await entries(folder)) if (!isAlive) await rm(file, { force: true });
  const file = join(folder, `${pid}.json`);
  await writeFile(file, JSON.stringify(announcement), { mode: 0o600 });
  return () => rm(file, { force: true });
}

/** The announcement of the `dev` that was started last and still runs; undefined when none does. */
export async function findAnnouncement(folder: string): Promise<DevAnnouncement | undefined> {
  const alive = (await entries(folder)).filter((entry) => entry.isAlive);
  const newest = alive.at(-1);
  return newest && (JSON.parse(await readFile(newest.file, "utf8")) as DevAnnouncement);
}

/** All announcements, the oldest first; those of processes that were killed among them. */
async function entries(folder: string): Promise<{ file: string; isAlive: boolean }[]> {
  const names = await readdir(folder).catch(() => []);
  const found = [];
  for (const name of names) {
    const pid = Number(/^(\d+)\.json$/.exec(name)?.[1]);
    if (!Number.isInteger(pid)) continue;
    const file = join(folder, name);
    const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: 0 }));
    found.push({ file, isAlive: isAlive(pid), mtimeMs });
  }
  return found.sort((a, b) => a.mtimeMs - b.mtimeMs);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
