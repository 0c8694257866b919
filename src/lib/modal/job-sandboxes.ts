// Every Sandbox that has to do with one job, living or ended: those that are or were for it, the one whose runner took it,
// and the one that was made for it.
import { readSandbox, sandboxName } from "../fleet/names.ts";
import type { FleetSandbox } from "../fleet/snapshot.ts";
import type { ModalAccess } from "./client.ts";
import { ownershipTags } from "./names.ts";
import { listSandboxes, type SandboxInfo, toSandbox } from "./sandboxes.ts";

export interface JobSandbox extends FleetSandbox {
  /** When Modal found a machine for it; null before that. Milliseconds since the epoch, as all times here. */
  placedAt: number | null;
  endedAt: number | null;
}

export interface JobSandboxQuery {
  jobId: number;
  /** The runner that took the job; null where none did. */
  runnerName: string | null;
  /** When the job was queued. */
  since: number;
}

/** A runner that was kept ready may be older than its job; Modal ends every Sandbox after a day. */
const longestLifeMs = 24 * 3600_000;
/** Clocks of GitHub and Modal differ, and GitHub's times are cut to the second. */
const leewayMs = 60_000;

/** The oldest first. Takes two or three lists, however many Sandboxes the fleet has. @throws Unavailable */
export async function findJobSandboxes(
  access: Pick<ModalAccess, "client" | "app">,
  fleet: string,
  { jobId, runnerName, since }: JobSandboxQuery,
): Promise<JobSandbox[]> {
  const find = (tags: Record<string, string>, from: number) =>
    listSandboxes(access, { ...ownershipTags(fleet), ...tags }, { includeFinished: true, since: from - leewayMs });
  const [assigned, ran, own] = await Promise.all([
    find({ job: String(jobId) }, since),
    runnerName === null ? [] : find({ runner: runnerName }, since - longestLifeMs),
    runnerOfOwn(access, jobId),
  ]);
  const found = [...assigned, ...ran];
  const isKnown = own === undefined || found.some((info) => toSandbox(info)?.runnerName === own);
  if (!isKnown) found.push(...(await find({ runner: own }, since)));
  const once = new Map(found.map((info) => [info.id, info]));
  return [...once.values()].flatMap(toJobSandbox).sort((a, b) => a.createdAt - b.createdAt);
}

function toJobSandbox(info: SandboxInfo): JobSandbox[] {
  const sandbox = toSandbox(info);
  if (!sandbox) return [];
  const { startedAt = 0, finishedAt = 0 } = info.taskInfo ?? {};
  const time = (seconds: number) => (seconds > 0 ? seconds * 1000 : null);
  return [{ ...sandbox, placedAt: time(startedAt), endedAt: time(finishedAt) }];
}

/** The runner of the newest Sandbox that was made for the job, which may be for another by now; undefined without one. */
async function runnerOfOwn({ client, app }: Pick<ModalAccess, "client" | "app">, jobId: number) {
  try {
    const sandbox = await client.sandboxes.fromName(app.name ?? "", sandboxName(jobId, 1), { includeTerminated: true });
    return (await sandbox.getTags())["runner"];
  } catch {
    // What the lists say is enough, and where Modal is down they say so.
    return undefined;
  }
}

/** One Sandbox of the fleet by its id, living or ended; undefined where Modal has none, or it is none of this fleet's. */
export async function readSandboxById(
  { client }: Pick<ModalAccess, "client">,
  fleet: string,
  sandboxId: string,
): Promise<FleetSandbox | undefined> {
  try {
    const tags = await (await client.sandboxes.fromId(sandboxId)).getTags();
    const isOurs = Object.entries(ownershipTags(fleet)).every(([name, value]) => tags[name] === value);
    // Its name is not told here, and nobody who asks by id needs it.
    return isOurs ? readSandbox(sandboxId, "", tags) : undefined;
  } catch (error) {
    const { name, code } = error as { name?: string; code?: number };
    if (name === "NotFoundError" || code === notFound) return undefined;
    throw error;
  }
}

/** gRPC NOT_FOUND: @grpc/grpc-js constants. */
const notFound = 5;

/** The newest Sandbox of the fleet with these tags, living or ended; undefined where Modal has none. @throws Unavailable */
export async function findTaggedSandbox(
  access: Pick<ModalAccess, "client" | "app">,
  fleet: string,
  tags: Record<string, string>,
): Promise<FleetSandbox | undefined> {
  const found = await listSandboxes(access, { ...ownershipTags(fleet), ...tags }, { includeFinished: true });
  return found.map(toSandbox).find((sandbox) => sandbox !== undefined);
}
