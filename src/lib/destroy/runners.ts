// The fleet's runners as they are to be removed: living Sandboxes by their tags, and registrations that the tags of a
// Sandbox of this fleet, living or ended, name. Runner names do not say whose they are: two fleets may have like pools.
import type { ModalClient } from "modal";
import { ownershipTag, parseRunnerName, readSandbox } from "../fleet/names.ts";
import type { FleetSandbox, Registration } from "../fleet/snapshot.ts";
import { listSandboxes, type SandboxInfo, tagsOf } from "../modal/sandboxes.ts";
import type { Policy } from "../policy/schema.ts";
import type { BusyRunner, Kept } from "./things.ts";

export interface LivingSandbox {
  id: string;
  name: string;
  /** Undefined for a Sandbox of ours that is no runner's, such as one that deploys. */
  runner: FleetSandbox | undefined;
  /** It has a job; where GitHub is not asked, it may have one. */
  isBusy: boolean;
}

export interface Runners {
  sandboxes: LivingSandbox[];
  /** Of Sandboxes that have ended. */
  registrations: Registration[];
  kept: Kept[];
  /** Other fleets' Sandboxes in this Environment, living ones. */
  others: SandboxInfo[];
}

/** A Sandbox is made after its runner was registered; clocks differ, and names tell minutes only. */
const leewayMs = 10 * 60_000;

/**
 * @param registrations undefined where GitHub is not looked at: then every runner may have a job. Its tags say so only once
 * a controller has heard of it.
 * @throws what the modal SDK throws
 */
export async function surveyRunners(
  client: ModalClient,
  policy: Pick<Policy, "fleet" | "pools" | "github">,
  registrations: readonly Registration[] | undefined,
): Promise<Runners> {
  const living = await listSandboxes({ client }, ownershipTag, { includeFinished: false });
  const byId = new Map(registrations?.map((registration) => [registration.id, registration]));
  const isOurs = (info: SandboxInfo) => tagsOf(info).fleet === policy.fleet;
  const sandboxes = living.filter(isOurs).map((info): LivingSandbox => {
    const runner = readSandbox(info.id, info.name, tagsOf(info));
    const registration = runner && byId.get(runner.registrationId);
    // A runner that GitHub does not know any more has no job, whatever its tags say.
    const isBusy = registrations
      ? registration !== undefined && (registration.busy || runner?.busy)
      : runner !== undefined;
    return { id: info.id, name: info.name, runner, isBusy: isBusy === true };
  });

  const isLiving = runnersOf(living);
  const alone = (registrations ?? []).flatMap((registration) => {
    const name = parseRunnerName(registration.name);
    return name && !isLiving.has(keyOf(registration)) ? { ...registration, ...name } : [];
  });
  const ended = await endedSince(client, Math.min(...alone.map(({ mintedAt }) => mintedAt)) - leewayMs);
  const ours = runnersOf(ended.filter(isOurs));
  const others = runnersOf(ended.filter((info) => !isOurs(info)));
  const pools = new Set(policy.pools.map((pool) => pool.name));
  const unknown = alone.filter((each) => !ours.has(keyOf(each)) && !others.has(keyOf(each)) && pools.has(each.pool));
  return {
    sandboxes,
    registrations: alone.filter((each) => ours.has(keyOf(each))),
    kept: unknown.map((registration) => keptRegistration(registration, policy.github.owner)),
    others: living.filter((info) => !isOurs(info)),
  };
}

/** The jobs that removing the fleet now would end. */
export function busyRunners(sandboxes: readonly LivingSandbox[]): BusyRunner[] {
  return sandboxes.flatMap(({ id, runner, isBusy }) =>
    runner && isBusy
      ? { runner: runner.runnerName, sandboxId: id, job: runner.jobId, repository: runner.repository }
      : [],
  );
}

async function endedSince(client: ModalClient, since: number): Promise<SandboxInfo[]> {
  if (!Number.isFinite(since)) return [];
  return listSandboxes({ client }, ownershipTag, { includeFinished: true, since });
}

/** Id and name, since an organisation and its repositories count their runners apart. */
function keyOf({ id, name }: { id: number; name: string }): string {
  return `${id} ${name}`;
}

function runnersOf(infos: readonly SandboxInfo[]): Set<string> {
  return new Set(infos.map(tagsOf).map(({ registration, runner }) => `${registration} ${runner}`));
}

function keptRegistration({ id, name, repository }: Registration, owner: string): Kept {
  const place = repository === null ? `orgs/${owner}` : `repos/${repository}`;
  return {
    kind: "registration",
    name,
    why: "no Sandbox of this fleet is known to have had this runner; it may be another fleet's",
    remedy: `gh api -X DELETE ${place}/actions/runners/${id}`,
  };
}
