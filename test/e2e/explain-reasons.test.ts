// Makes each reason code happen in a whole fleet, and reads what `explain` tells of it.
import { ServerError, Status } from "nice-grpc";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { runnerName } from "../../src/lib/fleet/names.ts";
import { type ReasonCode, reasons } from "../../src/lib/fleet/reasons.ts";
import type { ExplainedDecision, JobExplanation } from "../../src/lib/operations/explain/explanation.ts";
import { reconcileFleet } from "../../src/lib/operations/reconcile-fleet.ts";
import { FakeRunner } from "../lib/emulator/github/fake-runner.ts";
import { World } from "./explain-world.ts";

const minute = 60_000;

/** Each is a fleet of its own. */
const policies = {
  plain: `pools:
  - name: cpu
    labels: [modal]
    resources: { max-cpu: 16 }
  - name: other
    labels: [ready]
`,
  warm: "pools:\n  - name: warm\n    labels: [ready]\n    min-idle: 1\n",
  limited: "pools:\n  - name: cpu\n    labels: [modal]\n",
  outages: "pools:\n  - name: cpu\n    labels: [modal]\n",
  closed: 'access:\n  repositories: ["acme/other"]\npools:\n  - name: cpu\n    labels: [modal]\n',
  fleetLimit: "limits:\n  max-runners: 1\npools:\n  - name: cpu\n    labels: [modal]\n",
  poolLimit: "pools:\n  - name: cpu\n    labels: [modal]\n    max-runners: 1\n",
  repositoryLimit: "limits:\n  max-runners-per-repository: 1\npools:\n  - name: cpu\n    labels: [modal]\n",
  budget: "limits:\n  daily-budget-dollars: 0.0000001\npools:\n  - name: cpu\n    labels: [modal]\n",
};

interface Case {
  in: keyof typeof policies;
  happens(world: World): Promise<void>;
}

const texts = ({ events }: JobExplanation) => events.map(({ text }) => text).join("\n");
const quoted = (decision: ExplainedDecision | null | undefined) => decision?.policy.map(({ text }) => text);
const lose =
  (...actions: string[]) =>
  (action: string) =>
    actions.includes(action);
const isMint = (request: Request) => request.url.endsWith("/generate-jitconfig");

/** A job whose Sandbox is there, and whose runner cannot connect. */
async function queueHeld(
  world: World,
  faults: Parameters<World["let"]>[0] = {},
  inputs: Parameters<World["queue"]>[0] = {},
): Promise<number> {
  world.let({ holdsRunner: () => true, ...faults });
  const id = await world.queue(inputs);
  // One that is still about to ask GitHub for something would notice what is done to its registration, and leave.
  await world.held(id);
  await world.answered(id, "queued");
  return id;
}

/** Two jobs with Sandboxes, of which the second one's runner takes the first; neither ends by itself. */
async function queueStolen(
  world: World,
  loses: (action: string) => boolean,
): Promise<[stolen: number, robbed: number]> {
  const first = await queueHeld(world, { loses }, { gate: world.gate() });
  const second = await world.queue({ gate: world.gate() });
  await world.sandboxOf(second);
  await world.answered(second, "queued");
  return [first, second];
}

/** One runs; for the other there is no place. */
async function queueBehind(world: World): Promise<JobExplanation> {
  const first = await world.queue({ gate: world.gate() });
  await world.reaches(first, "in_progress");
  await world.answered(first, "in_progress");
  const second = await world.queue();
  await world.answered(second, "queued");
  const told = await world.explain(second);
  expect(texts(told)).toContain(`It answered ${told.decision?.reason}: ${told.decision?.detail}`);
  expect(told.toType).toContain(`modal-gha spawn --job ${second} --force   # over the limit, this once`);
  return told;
}

/** The controller decided to start a runner, and could not. */
async function expectStuck(world: World, reason: ReasonCode, says: RegExp): Promise<void> {
  const id = await world.queue();
  await world.answered(id, "queued");
  const told = await world.explain(id);
  expect(told.decision?.reason).toBe("spawn");
  expect(texts(told)).toMatch(new RegExp(`It answered ${reason}: .*`));
  expect(texts(told)).toMatch(says);
  expect(told.summary).toContain(reasons[reason]);
  expect(told.next.length).toBeGreaterThan(0);
  expect(told.toType).toContain(`modal-gha spawn --job ${id}   # now`);
}

/** A code that the type knows and this does not fails to compile. */
const cases: Record<ReasonCode, Case> = {
  spawn: {
    in: "plain",
    async happens(world) {
      world.let({ loses: lose("queued") });
      const id = await world.queue();
      const told = await world.explain(id, minute);
      expect(told.decision).toMatchObject({ reason: "spawn", policy: [{ line: 5, text: "labels: [modal]" }] });
      expect(texts(told)).toContain("GitHub's log has no delivery that told the controller that it is queued");
      expect(told.toType).toContain(`modal-gha spawn --job ${id}   # now`);
    },
  },
  warm: {
    in: "warm",
    async happens(world) {
      const items = await world.open((access) => reconcileFleet(access, { isPreview: true, now: Date.now }));
      expect(items).toMatchObject([{ reason: "warm", detail: "pool warm keeps 1 runners ready, and has 0" }]);
    },
  },
  "assign:picked-up": {
    in: "plain",
    async happens(world) {
      world.let({ loses: lose("in_progress") });
      const id = await world.queue({ gate: world.gate() });
      await world.reaches(id, "in_progress");
      const told = await world.explain(id, minute);
      expect(told.decision?.reason).toBe("assign:picked-up");
      expect(told.summary).toMatch(/^It runs since/);
      expect(texts(told)).toContain("no delivery that told the controller that a runner took it");
    },
  },
  "assign:swapped": {
    in: "plain",
    async happens(world) {
      const [first, second] = await queueStolen(world, () => false);
      world.let({ holdsRunner: (name) => name.includes(`-${first}-`) });
      await world.reaches(first, "in_progress");
      await world.answered(first, "in_progress");
      expect(texts(await world.explain(first))).toMatch(/and assign:swapped: cpu-\d+-1-\w+ serves job/);
      const told = await world.explain(second);
      expect(told.decision?.reason).toBe("ignore:already-provisioned");
      expect(told.decision?.detail).toContain((await world.sandboxOf(first)).sandboxId);
      expect(texts(told)).toContain(`was created for job ${first}`);
    },
  },
  "assign:spare": {
    in: "plain",
    async happens(world) {
      const gone = await queueHeld(world, { loses: lose("completed") });
      await world.cancel(gone);
      world.let({ holdsRunner: () => true, loses: lose("queued", "completed") });
      const id = await world.queue();
      const told = await world.explain(id);
      expect(told.decision?.reason).toBe("assign:spare");
      expect(told.decision?.detail).toMatch(new RegExp(`^cpu-${gone}-1-\\w+ serves job ${id}`));
      expect(told.toType).toContain(`modal-gha logs -f ${id}`);
    },
  },
  "assign:unseen-job": {
    in: "plain",
    async happens(world) {
      const id = await queueHeld(world);
      const busy = async (answer: () => Promise<Response>) => {
        const list = (await (await answer()).json()) as { runners: object[] };
        return Response.json({ ...list, runners: list.runners.map((runner) => ({ ...runner, busy: true })) });
      };
      world.let({
        holdsRunner: () => true,
        github: async ({ method, url }, answer) =>
          method === "GET" && url.includes("/actions/runners?") ? busy(answer) : undefined,
      });
      const told = await world.explain(id);
      expect(told.decision?.reason).toBe("ignore:already-provisioned");
      expect(told.also.map(({ reason }) => reason)).toEqual(["assign:unseen-job"]);
      expect(told.summary).toMatch(/GitHub has given cpu-\S+, which was made for it, a job: this one, or another/);
    },
  },
  "finish:job-completed": {
    in: "plain",
    async happens(world) {
      const id = await world.queue();
      await world.reaches(id, "completed");
      await world.answered(id, "completed");
      const told = await world.explain(id);
      expect(texts(told)).toMatch(/It answered finish:job-completed/);
      expect(told.events.map(({ kind }) => kind)).toEqual(
        expect.arrayContaining(["taken", "completed", "runner-exit"]),
      );
      expect(told.sandboxes).toMatchObject([{ madeFor: id, job: id, end: "job-completed" }]);
      expect(told.summary).toMatch(/^It ended with success after/);
    },
  },
  "terminate:job-cancelled": {
    in: "plain",
    async happens(world) {
      const id = await queueHeld(world, { loses: lose("completed") });
      await world.cancel(id);
      const told = await world.explain(id);
      expect(told.decision?.reason).toBe("terminate:job-cancelled");
      expect(told.summary).toMatch(/^It ended with cancelled after .*, before a runner took it/);
      expect(told.toType).toContain("modal-gha reconcile   # now");
    },
  },
  "terminate:surplus": {
    in: "plain",
    async happens(world) {
      const [first, second] = await queueStolen(world, lose("in_progress", "completed"));
      world.let({ holdsRunner: (name) => name.includes(`-${first}-`), loses: lose("in_progress", "completed") });
      await world.reaches(first, "in_progress");
      await world.cancel(second);
      const told = await world.explain(first);
      expect(told.decision?.reason).toBe("assign:picked-up");
      expect(told.also.map(({ reason }) => reason)).toContain("terminate:surplus");
      expect(texts(told)).toContain(`it was made for job ${second}`);
    },
  },
  "terminate:orphan": {
    in: "plain",
    async happens(world) {
      const id = await queueHeld(world);
      const runner = world.fleet.github.state().runners.find(({ name }) => name.includes(`-${id}-`));
      await world.open(({ octokit }) => octokit.request(`DELETE /orgs/acme/actions/runners/${runner?.id}`));
      const told = await world.explain(id, 2 * minute);
      expect(told.decision?.reason).toBe("spawn");
      expect(told.also).toMatchObject([
        { reason: "terminate:orphan", detail: expect.stringContaining(`${runner?.name}`) },
      ]);
    },
  },
  "terminate:never-registered": {
    in: "plain",
    async happens(world) {
      const id = await queueHeld(world);
      const told = await world.explain(id, 26 * minute);
      expect(told.also.map(({ reason }) => reason)).toEqual(["terminate:never-registered"]);
      expect(told.also[0]?.detail).toMatch(/is offline after 2\d minutes/);
      expect(told.next.join()).toContain("its Sandbox ended");
    },
  },
  "terminate:idle": {
    in: "plain",
    async happens(world) {
      const id = await queueHeld(world, { loses: lose("completed") });
      await world.cancel(id);
      world.let({ loses: lose("completed") });
      const isOnline = () =>
        world.fleet.github.state().runners.some(({ name, status }) => name.includes(`-${id}-`) && status === "online");
      await expect.poll(isOnline, { timeout: 30_000 }).toBe(true);
      const told = await world.explain(id, 31 * minute);
      expect(told.decision?.reason).toBe("terminate:idle");
      expect(quoted(told.decision)).toEqual(["idle-timeout: 5m, the default"]);
    },
  },
  "deregister:no-sandbox": {
    in: "plain",
    async happens(world) {
      world.let({ loses: lose("queued") });
      const id = await world.queue();
      const name = runnerName({ fleet: "explain", pool: "cpu" }, id, 1, Date.now() - 6 * minute, "abcde");
      await world.open(({ octokit }) =>
        octokit.request("POST /orgs/acme/actions/runners/generate-jitconfig", {
          ...{ name, runner_group_id: 1, labels: ["self-hosted", "modal"] },
        }),
      );
      const told = await world.explain(id);
      expect(told.also.map(({ reason }) => reason)).toEqual(["deregister:no-sandbox"]);
      expect(told.also[0]?.detail).toContain(name);
      expect(told.toType).toContain("modal-gha runners prune   # now");
    },
  },
  "ignore:no-pool-matches": {
    in: "plain",
    async happens(world) {
      const id = await world.queue({ label: "modl" });
      await world.answered(id, "queued");
      const told = await world.explain(id);
      expect(told.decision?.reason).toBe("ignore:no-pool-matches");
      expect(texts(told)).toContain("did you mean modal?");
      expect(quoted(told.decision)).toEqual(["labels: [modal]", "labels: [ready]"]);
      expect(told.toType[0]).toBe("Change its workflow: runs-on: [self-hosted, modal]");
    },
  },
  "ignore:repository-not-allowed": {
    in: "closed",
    async happens(world) {
      const id = await world.queue();
      await world.answered(id, "queued");
      const told = await world.explain(id);
      expect(told.decision?.reason).toBe("ignore:repository-not-allowed");
      expect(quoted(told.decision)).toEqual(["github: { owner: acme }", 'repositories: ["acme/other"]']);
      expect(told.toType[0]).toContain("add acme/app to access.repositories");
    },
  },
  "refuse:bad-resource-label": {
    in: "plain",
    async happens(world) {
      const told = await world.explain(await world.queue({ label: "modal/cup=8" }));
      expect(told.decision?.reason).toBe("refuse:bad-resource-label");
      expect(told.decision?.detail).toContain('no part "cup"');
      expect(quoted(told.decision)).toEqual(["labels: [modal]"]);
    },
  },
  "refuse:resources-not-allowed": {
    in: "plain",
    async happens(world) {
      const told = await world.explain(await world.queue({ label: "modal/cpu=64" }));
      expect(told.decision?.reason).toBe("refuse:resources-not-allowed");
      expect(told.summary).toContain("cpu=64 is over the ceiling of pool cpu: 16 at most");
      expect(quoted(told.decision)).toContain("resources: { max-cpu: 16 }");
    },
  },
  "refuse:fork-pull-request": {
    in: "plain",
    async happens(world) {
      const id = await world.queueFromFork();
      await world.answered(id, "queued");
      const told = await world.explain(id);
      expect(told.decision?.reason).toBe("refuse:fork-pull-request");
      expect(told.job.isForkPullRequest).toBe(true);
      expect(quoted(told.decision)).toEqual(["fork-pull-requests: deny, the default"]);
      expect(told.next[0]).toContain("GitHub may give it one that was started for another job");
    },
  },
  "ignore:already-provisioned": {
    in: "plain",
    async happens(world) {
      const id = await queueHeld(world);
      const { sandboxId } = await world.sandboxOf(id);
      const told = await world.explain(id);
      expect(told.decision).toMatchObject({
        reason: "ignore:already-provisioned",
        detail: `Sandbox ${sandboxId} waits for it`,
      });
      expect(told.summary).toMatch(/one is on its way: cpu-\S+ starts/);
      expect(told.sandboxes).toMatchObject([{ id: sandboxId, madeFor: id, endedAt: null, end: null }]);
    },
  },
  "ignore:not-queued": {
    in: "plain",
    async happens(world) {
      // As of a job whose environment asks for an approval.
      world.let({
        loses: lose("queued"),
        github: async (request, answer) => {
          if (!/\/jobs(\/\d+)?(\?|$)/.test(request.url)) return undefined;
          const text = await (await answer()).text();
          return new Response(text.replaceAll('"status":"queued"', '"status":"waiting"'), {
            headers: { "content-type": "application/json" },
          });
        },
      });
      const told = await world.explain(await world.queue());
      expect(told.decision?.reason).toBe("ignore:not-queued");
      expect(told.summary).toBe("GitHub holds it back (waiting): it is not queued for a runner yet.");
    },
  },
  "ignore:foreign-runner": {
    in: "plain",
    async happens(world) {
      const { data } = await world.open(({ octokit }) =>
        octokit.request("POST /orgs/acme/actions/runners/generate-jitconfig", {
          ...{ name: "somebody-elses", runner_group_id: 1, labels: ["self-hosted", "modal"] },
        }),
      );
      const runner = await new FakeRunner(data.encoded_jit_config).connect();
      world.let({ loses: lose("queued") });
      const offered = runner.offer();
      const id = await world.queue();
      await runner.acquire(await offered);
      await world.answered(id, "in_progress");
      const told = await world.explain(id);
      expect(told.decision?.reason).toBe("ignore:foreign-runner");
      expect(told).toMatchObject({ isOurs: false, summary: expect.stringContaining("which is none of this fleet") });
      expect(texts(told)).toContain("Runner somebody-elses took it, which is none of this fleet");
    },
  },
  "ignore:nothing-to-do": {
    in: "plain",
    async happens(world) {
      const id = await world.queue({ gate: world.gate() });
      await world.reaches(id, "in_progress");
      await world.answered(id, "in_progress");
      const told = await world.explain(id);
      expect(told.decision?.reason).toBe("ignore:nothing-to-do");
      expect(told.events.map(({ kind }) => kind)).toEqual([
        ...["created", "delivery", "answer", "sandbox-created", "taken", "delivery", "answer"],
      ]);
      expect(told.toType).toEqual([`modal-gha logs -f ${id}`]);
    },
  },
  "defer:fleet-at-capacity": {
    in: "fleetLimit",
    async happens(world) {
      const told = await queueBehind(world);
      expect(told.decision?.reason).toBe("defer:fleet-at-capacity");
      expect(quoted(told.decision)).toEqual(["max-runners: 1", "labels: [modal]"]);
      expect(told.limits).toContainEqual({ what: "the fleet", used: 1, most: 1, unit: "Sandboxes" });
    },
  },
  "defer:pool-at-capacity": {
    in: "poolLimit",
    async happens(world) {
      const told = await queueBehind(world);
      expect(told.decision?.reason).toBe("defer:pool-at-capacity");
      expect(quoted(told.decision)).toEqual(["labels: [modal]", "max-runners: 1"]);
      expect(told.limits).toContainEqual({ what: "pool cpu", used: 1, most: 1, unit: "Sandboxes" });
    },
  },
  "defer:repository-at-capacity": {
    in: "repositoryLimit",
    async happens(world) {
      const told = await queueBehind(world);
      expect(told.decision?.reason).toBe("defer:repository-at-capacity");
      expect(quoted(told.decision)).toEqual(["max-runners-per-repository: 1", "labels: [modal]"]);
      expect(told.limits).toContainEqual({ what: "acme/app", used: 1, most: 1, unit: "Sandboxes" });
    },
  },
  "defer:daily-budget-spent": {
    in: "budget",
    async happens(world) {
      // What is spent is remembered for a minute, and it was nothing when the first one was started.
      world.let({ loses: lose("queued") });
      const first = await world.queue({ gate: world.gate() });
      await world.open((access) =>
        import("../../src/lib/operations/spawn-job.ts").then(({ spawnJob }) =>
          spawnJob(String(first), access, { now: Date.now }),
        ),
      );
      await world.reaches(first, "in_progress");
      world.let({});
      await world.answered(first, "in_progress");
      const second = await world.queue();
      const told = await world.explain(second);
      expect(told.decision?.reason).toBe("defer:daily-budget-spent");
      expect(quoted(told.decision)).toEqual(["daily-budget-dollars: 0.0000001", "labels: [modal]"]);
      expect(told.limits.at(-1)).toMatchObject({ what: "today's budget", most: 0.0000001, unit: "dollars" });
    },
  },
  "defer:start-failed": {
    in: "plain",
    async happens(world) {
      const id = await queueHeld(world);
      const { pid, sandboxId } = await world.sandboxOf(id);
      process.kill(-(pid as number), "SIGKILL");
      const isAlive = () => world.fleet.modal.running().some((sandbox) => sandbox.sandboxId === sandboxId);
      await expect.poll(isAlive, { timeout: 30_000 }).toBe(false);
      const told = await world.explain(id);
      expect(told.decision?.reason).toBe("defer:start-failed");
      expect(told.decision?.detail).toMatch(/^1 starts failed; the next is tried in \d+ s$/);
      expect(told.events.at(-1)).toMatchObject({ kind: "sandbox-ended", isBad: true });
      expect(told.sandboxes).toMatchObject([{ madeFor: id, end: "terminated" }]);
    },
  },
  "defer:rate-limited": {
    in: "limited",
    async happens(world) {
      const headers = { "retry-after": "300", "content-type": "application/json" };
      const limited = () =>
        Response.json({ message: "You have exceeded a secondary rate limit" }, { status: 403, headers });
      world.let({ github: async (request) => (isMint(request) ? limited() : undefined) });
      await expectStuck(world, "defer:rate-limited", /asks to wait 300 s/);
    },
  },
  "defer:github-unavailable": {
    in: "outages",
    async happens(world) {
      const down = () => Response.json({ message: "Unicorn!" }, { status: 502 });
      world.let({ github: async (request) => (isMint(request) ? down() : undefined) });
      await expectStuck(world, "defer:github-unavailable", /Unicorn!/);
    },
  },
  "defer:modal-unavailable": {
    in: "outages",
    async happens(world) {
      world.let({
        modal: async (method) => {
          if (method.startsWith("SandboxCreate")) throw new ServerError(Status.RESOURCE_EXHAUSTED, "no room for it");
        },
      });
      await expectStuck(world, "defer:modal-unavailable", /no room for it/);
    },
  },
  "defer:answer-due": {
    in: "outages",
    async happens(world) {
      const { promise, resolve } = Promise.withResolvers<void>();
      world.let({ modal: async (method) => (method.startsWith("SandboxCreate") ? promise : undefined) });
      await expectStuck(world, "defer:answer-due", /the work goes on/);
      resolve();
    },
  },
  error: {
    in: "outages",
    async happens(world) {
      const refused = () => Response.json({ message: "Resource not accessible by integration" }, { status: 403 });
      world.let({ github: async (request) => (isMint(request) ? refused() : undefined) });
      await expectStuck(world, "error", /organization_self_hosted_runners: write/);
    },
  },
  "keep:busy": {
    in: "plain",
    async happens(world) {
      const id = await queueHeld(world);
      const busy = () => Response.json({ message: "Runner is currently running a job" }, { status: 422 });
      const isRemoval = ({ method, url }: Request) => method === "DELETE" && url.includes("/actions/runners/");
      world.let({
        holdsRunner: () => true,
        github: async (request) => (isRemoval(request) ? busy() : undefined),
      });
      await world.cancel(id);
      await world.answered(id, "completed");
      const told = await world.explain(id);
      expect(texts(told)).toMatch(/keep:busy: GitHub says that cpu-\S+ is busy/);
      expect(told.decision?.reason).toBe("terminate:job-cancelled");
    },
  },
};

describe.each(Object.keys(policies) as (keyof typeof policies)[])("explain, in the fleet %s", (name) => {
  let world: World;
  beforeAll(async () => {
    world = await World.start(policies[name]);
  });
  afterEach(() => world.tidy());
  afterAll(() => world.close());

  const here = Object.entries(cases).filter(([, entry]) => entry.in === name);
  it.each(here)("tells the story of %s", (_, entry) => entry.happens(world));
});
