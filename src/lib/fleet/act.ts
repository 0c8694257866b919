// Carries out decisions. Idempotent: every step may be repeated, by this controller or another one, without harm.
import { runnerLabels } from "../policy/match.ts";
import type { Policy, Pool } from "../policy/schema.ts";
import type { Assign, Decision, Finish, Spawn, Terminate } from "./decision.ts";
import { parseSandboxName, runnerName, sandboxName, sandboxTags } from "./names.ts";
import { type GitHub, type MintRequest, type Modal, NameTaken, Unavailable } from "./ports.ts";
import type { ReasonCode } from "./reasons.ts";
import type { StartingSandbox } from "./snapshot.ts";

export interface ActContext {
  policy: Policy;
  github: GitHub;
  modal: Modal;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Five characters of [a-z0-9]. */
  random(): string;
  /** Ask GitHub once more, before a runner is minted, whether the job still waits: where the snapshot took long to read. */
  confirm?: boolean;
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

/** How long a Sandbox may take to write its last lines and end by itself once its job is over. */
const ownEndMs = 20_000;

/** Carries out one decision. Never throws for what GitHub or Modal cannot do now: that is an outcome, with its reason. */
export async function act(decision: Decision, context: ActContext): Promise<Outcome> {
  try {
    switch (decision.action) {
      case "spawn":
        return await spawn(decision, context);
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
    if (error instanceof Unavailable) return unavailable(error);
    throw error;
  }
}

async function spawn(decision: Spawn, context: ActContext): Promise<Outcome> {
  const { job, attempt } = decision;
  const { policy, github, modal } = context;
  const pool = policy.pools.find((entry) => entry.name === decision.pool);
  if (!pool) throw new Error(`The policy has no pool ${decision.pool}.`);
  const createdAt = context.now();
  const newName = () => runnerName(pool.name, job.id, attempt, createdAt, context.random());
  const started = context.onStarting?.({ jobId: job.id, attempt, pool: pool.name });
  try {
    const latest = context.confirm ? await github.job(job.repository, job.id) : job;
    if (latest && latest.status !== "queued") {
      return { reason: "ignore:not-queued", detail: `job ${job.id} is ${latest.status} by now`, done: true };
    }
    const minted = await mint(
      newName,
      {
        labels: runnerLabels(pool),
        repository: job.repository,
        runnerGroupId: policy.github.runnerGroupId,
      },
      github,
    );
    const { registrationId, name } = minted;
    const identity = { fleet: policy.fleet, pool: pool.name, job, attempt, busy: false };
    try {
      const { sandboxId } = await modal.create({
        ...resources(pool, policy),
        name: sandboxName(job.id, attempt),
        tags: sandboxTags({ ...identity, runnerName: name, registrationId, createdAt }),
        environment: {
          MODAL_GHA_RUNNER_NAME: name,
          MODAL_GHA_IDLE_TIMEOUT_SECONDS: String(pool.idleTimeoutSeconds),
        },
        secretEnvironment: { ACTIONS_RUNNER_INPUT_JITCONFIG: minted.jitConfig },
      });
      return { ...done(decision), runnerName: name, sandboxId };
    } catch (error) {
      // A registration without a Sandbox would wait a day for GitHub's own clean-up, and one by one fill the runner group.
      await github.deregister(registrationId, job.repository).catch(() => undefined);
      if (!(error instanceof NameTaken)) throw error;
      const detail = `another controller has created Sandbox ${sandboxName(job.id, attempt)} first`;
      return { reason: "ignore:already-provisioned", detail, done: true };
    }
  } finally {
    started?.();
  }
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

function resources(pool: Pool, policy: Policy) {
  return {
    image: pool.image ?? policy.image,
    cpu: pool.cpu,
    memoryMiB: pool.memoryMiB,
    gpu: pool.gpu,
    timeoutSeconds: pool.timeoutSeconds,
    regions: pool.regions,
    command: ["modal-gha-entrypoint"],
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
  await context.github.deregister(sandbox.registrationId, sandbox.repository);
  if (!(await context.modal.waitForEnd(sandbox.id, ownEndMs))) await context.modal.terminate(sandbox.id);
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

function unavailable(error: Unavailable): Outcome {
  const outcome = { detail: error.message, done: false };
  const retry = error.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: error.retryAfterSeconds };
  if (error.isRateLimit) return { ...outcome, ...retry, reason: "defer:rate-limited" };
  return {
    ...outcome,
    ...retry,
    reason: error.service === "github" ? "defer:github-unavailable" : "defer:modal-unavailable",
  };
}
