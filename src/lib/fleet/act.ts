// Carries out decisions. Idempotent: every step may be repeated, by this controller or another one, without harm.
import { isolatedEgress } from "../policy/egress.ts";
import { type Resources, resourcesOf, runnerLabels } from "../policy/match.ts";
import type { Policy, Pool } from "../policy/schema.ts";
import { exceededLimit } from "./decide-provide.ts";
import type { Assign, Decision, Finish, Spawn, Terminate, Warm } from "./decision.ts";
import {
  parseSandboxName,
  runnerName,
  type SandboxIdentity,
  sandboxName,
  sandboxTags,
  warmSandboxName,
  withdrawnTags,
} from "./names.ts";
import { type GitHub, type MintRequest, type Modal, NameTaken, Unavailable } from "./ports.ts";
import type { ReasonCode } from "./reasons.ts";
import type { Job, StartingSandbox } from "./snapshot.ts";

export interface ActContext {
  policy: Policy;
  github: GitHub;
  modal: Modal;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Five characters of [a-z0-9]. */
  random(): string;
  /** Whether to ask GitHub once more, before a runner is minted, if the job still waits: what is known of it may be old. */
  confirm?(job: Job): boolean;
  /** Told before a runner is minted; what it returns is called once its Sandbox is there, or is not to be. */
  onStarting?(entry: StartingSandbox): () => void;
}

/** What became of a decision. */
export interface Outcome {
  /** The decision's own reason, or why it could not be carried out. */
  reason: ReasonCode;
  detail: string;
  /** Whether everything that was decided is done now. */
  done: boolean;
  runnerName?: string;
  sandboxId?: string;
  /** Seconds until GitHub or Modal wants to be asked again, where it said so. */
  retryAfterSeconds?: number;
}

/** How long a Sandbox may take to write its last lines and end by itself: once its job is over, or its runner is gone. */
const ownEndMs = { "finish:job-completed": 20_000, "terminate:orphan": 5_000 };

/** Carries out one decision. Never throws for what GitHub or Modal cannot do now: that is an outcome, with its reason. */
export async function act(decision: Decision, context: ActContext): Promise<Outcome> {
  try {
    switch (decision.action) {
      case "spawn":
        return await spawn(decision, context);
      case "warm":
        return await warm(decision, context);
      case "assign":
        return await assign(decision, context);
      case "finish":
        return await finish(decision, context);
      case "terminate":
        return await terminate(decision, context);
      case "deregister": {
        const { id, repository } = decision.registration;
        const result = await context.github.deregister(id, repository ?? "");
        return result === "busy" ? kept(decision.registration.name) : done(decision);
      }
      case "none":
        return done(decision);
    }
  } catch (error) {
    if (error instanceof Unavailable) return outcomeOf(error);
    throw error;
  }
}

async function spawn(decision: Spawn, context: ActContext): Promise<Outcome> {
  const { job, attempt, pool, resourceLabel, isIsolated } = decision;
  const started = context.onStarting?.({ jobId: job.id, attempt, pool, repository: job.repository });
  try {
    // A second Sandbox for a job is only right while GitHub still has it queued.
    const latest = attempt > 1 || context.confirm?.(job) ? await context.github.job(job.repository, job.id) : job;
    if (latest && latest.status !== "queued") {
      return { reason: "ignore:not-queued", detail: `job ${job.id} is ${latest.status} by now`, done: true };
    }
    return await start(decision, context, {
      name: sandboxName(job.id, attempt),
      identity: { job, attempt, resourceLabel, isIsolated },
      labels: decision.labels,
      resources: decision.resources,
    });
  } finally {
    started?.();
  }
}

async function warm(decision: Warm, context: ActContext): Promise<Outcome> {
  const { slot } = decision;
  const pool = poolOf(decision, context.policy);
  const { owner } = context.policy.github;
  // It is of no job yet, and of no repository: the tag names the owner's whole account.
  const job = { id: 0, runId: 0, repository: `${owner}/*` };
  const started = context.onStarting?.({ jobId: 0, attempt: slot, pool: pool.name, repository: job.repository });
  try {
    return await start(decision, context, {
      name: warmSandboxName(pool.name, slot),
      identity: { job, attempt: slot, resourceLabel: "", isIsolated: false },
      labels: runnerLabels(pool),
      resources: resourcesOf(pool, ""),
    });
  } finally {
    started?.();
  }
}

interface StartRequest {
  /** Of the Sandbox. */
  name: string;
  identity: Pick<SandboxIdentity, "job" | "attempt" | "resourceLabel" | "isIsolated">;
  labels: string[];
  resources: Resources;
}

/** Mints a runner and creates the Sandbox that runs it; leaves no registration behind when that fails. */
async function start(decision: Spawn | Warm, context: ActContext, request: StartRequest): Promise<Outcome> {
  const { policy, github, modal } = context;
  const pool = poolOf(decision, policy);
  const { identity } = request;
  const { id: jobId, repository } = identity.job;
  const createdAt = context.now();
  const newName = () =>
    runnerName({ fleet: policy.fleet, pool: pool.name }, jobId, identity.attempt, createdAt, context.random());
  const { runnerGroupId } = policy.github;
  const minted = await mint(newName, { labels: request.labels, repository, runnerGroupId }, github);
  const { registrationId, name } = minted;
  const start = { fleet: policy.fleet, pool: pool.name, busy: false, runnerName: name, registrationId, createdAt };
  const tags = sandboxTags({ ...identity, ...start, size: request.resources });
  try {
    const { sandboxId } = await modal.create({
      ...sandboxSpec(pool, policy, identity),
      ...request.resources,
      name: request.name,
      tags,
      environment: {
        MODAL_GHA_RUNNER_NAME: name,
        MODAL_GHA_IDLE_TIMEOUT_SECONDS: String(pool.idleTimeoutSeconds),
        // The image's engine can only run in a VM.
        ...(pool.runtime === "vm" ? { MODAL_GHA_DOCKER: "1" } : {}),
      },
      secretEnvironment: { ACTIONS_RUNNER_INPUT_JITCONFIG: minted.jitConfig },
    });
    const own = { sandboxId, tags, registrationId, repository };
    return (await giveWay(decision, own, context)) ?? { ...done(decision), runnerName: name, sandboxId };
  } catch (error) {
    // A registration without a Sandbox would wait a day for GitHub's own clean-up, and one by one fill the runner group.
    await github.deregister(registrationId, repository).catch(() => undefined);
    if (!(error instanceof NameTaken)) throw error;
    const detail = `another controller has created Sandbox ${request.name} first`;
    return { reason: "ignore:already-provisioned", detail, done: true };
  }
}

/** So near a limit, another controller may take the same place at the same time. */
const nearLimit = 20;

/**
 * Near a limit, looks once more how many Sandboxes there are. Of two controllers that took the last place, the one that
 * listed later sees both, whatever their clocks say: whoever sees too many ends its own, and tries again later.
 */
async function giveWay(
  decision: Spawn | Warm,
  own: { sandboxId: string; tags: Record<string, string>; registrationId: number; repository: string },
  { policy, github, modal }: ActContext,
): Promise<Outcome | undefined> {
  if (decision.room >= nearLimit) return undefined;
  const repository = decision.action === "spawn" ? own.repository : undefined;
  const alive = await modal.sandboxes().catch(() => []);
  const exceeded = exceededLimit({ pool: decision.pool, repository }, policy, alive);
  if (!exceeded) return undefined;
  if ((await github.deregister(own.registrationId, own.repository)) === "busy") return undefined;
  await modal.retag(own.sandboxId, withdrawnTags(own.tags));
  await modal.terminate(own.sandboxId);
  return { ...exceeded, done: false };
}

function poolOf({ pool }: Spawn | Warm, policy: Policy): Pool {
  const found = policy.pools.find((entry) => entry.name === pool);
  if (!found) throw new Error(`The policy has no pool ${pool}.`);
  return found;
}

/**
 * Mints under a new name, and once more under another when that is taken. The runner that has the name is left alone: it
 * may be another controller's, made this moment. If nobody's, it is offline without a Sandbox, and reconcile removes it.
 */
async function mint(newName: () => string, request: Omit<MintRequest, "name">, github: GitHub) {
  for (const name of [newName(), newName()]) {
    try {
      return { ...(await github.mintRunner({ ...request, name })), name };
    } catch (error) {
      if (!(error instanceof NameTaken)) throw error;
    }
  }
  throw new Unavailable("github", "two runner names in a row were taken");
}

/** What a Sandbox has of its pool. A stranger's code gets neither volumes nor secrets. */
function sandboxSpec(pool: Pool, policy: Policy, { job, isIsolated }: StartRequest["identity"]) {
  const [owner, repository] = job.repository.split("/");
  return {
    image: pool.image ?? policy.image,
    regions: pool.regions,
    command: ["modal-gha-entrypoint"],
    runtime: pool.runtime,
    volumes: isIsolated
      ? []
      : pool.volumes.map(({ name, path, perRepository }) => ({
          name,
          path,
          ...(perRepository ? { subPath: `${owner}/${repository}` } : {}),
        })),
    secrets: isIsolated ? [] : pool.secrets,
    egress: isIsolated ? isolatedEgress(pool.egress) : pool.egress,
  };
}

async function assign(decision: Assign, context: ActContext): Promise<Outcome> {
  const { sandbox, job, busy } = decision;
  const attempt = parseSandboxName(sandbox.name)?.attempt ?? 1;
  const tags = sandboxTags({ ...sandbox, fleet: context.policy.fleet, attempt, job, busy });
  await context.modal.retag(sandbox.id, tags);
  return { ...done(decision), runnerName: sandbox.runnerName, sandboxId: sandbox.id };
}

async function finish(decision: Finish, context: ActContext): Promise<Outcome> {
  const { sandbox } = decision;
  const { github, modal } = context;
  await github.deregister(sandbox.registrationId, sandbox.repository);
  if (!(await modal.waitForEnd(sandbox.id, ownEndMs[decision.reason]))) {
    // It had time to end by itself. Should GitHub have been wrong about its job, this is where it says so.
    const result = await github.deregister(sandbox.registrationId, sandbox.repository);
    if (result === "busy") return { ...kept(sandbox.runnerName), sandboxId: sandbox.id };
    await modal.terminate(sandbox.id);
  }
  return { ...done(decision), runnerName: sandbox.runnerName, sandboxId: sandbox.id };
}

async function terminate(decision: Terminate, context: ActContext): Promise<Outcome> {
  const { sandbox } = decision;
  // Deregistering first is the only safe order: GitHub refuses it while a job runs, and gives the runner none afterwards.
  const result = await context.github.deregister(sandbox.registrationId, sandbox.repository);
  if (result === "busy") return { ...kept(sandbox.runnerName), sandboxId: sandbox.id };
  await context.modal.terminate(sandbox.id);
  return { ...done(decision), runnerName: sandbox.runnerName, sandboxId: sandbox.id };
}

function done(decision: Decision): Outcome {
  return { reason: decision.reason, detail: decision.detail, done: true };
}

function kept(name: string): Outcome {
  return { reason: "keep:busy", detail: `GitHub says that ${name} is busy`, done: true };
}

/** The work is put off until GitHub or Modal can do it. */
export function outcomeOf(error: Unavailable): Outcome {
  const outcome = { detail: error.message, done: false };
  const retry = error.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: error.retryAfterSeconds };
  if (error.isRateLimit) return { ...outcome, ...retry, reason: "defer:rate-limited" };
  return {
    ...outcome,
    ...retry,
    reason: error.service === "github" ? "defer:github-unavailable" : "defer:modal-unavailable",
  };
}
