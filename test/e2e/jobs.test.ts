// `jobs ls`, `explain` and `spawn --force` as an operator types them, against a whole fleet.
import { writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { JobExplanation } from "../../src/lib/operations/explain/explanation.ts";
import { type ListedJob, listJobs } from "../../src/lib/operations/list-jobs.ts";
import { nowhere, run, start, until } from "./cli.ts";
import { World } from "./explain-world.ts";

const policy = `pools:
  - name: cpu
    labels: [modal]
    max-runners: 1
    resources: { max-cpu: 16 }
  - name: other
    labels: [other]
`;

let world: World;
beforeAll(async () => {
  world = await World.start(policy);
});
afterEach(() => world.tidy());
afterAll(() => world.close());

const cli = (...args: string[]) => run(args, world.fleet.env);
const list = async (...args: string[]) =>
  JSON.parse((await cli("jobs", "ls", "--json", ...args)).stdout) as ListedJob[];
const explain = async (reference: string) =>
  JSON.parse((await cli("explain", reference, "--json")).stdout) as JobExplanation;

/** A job that runs, and one behind it that has no place. */
async function queueTwo(): Promise<[running: number, waiting: number]> {
  const running = await world.queue({ gate: world.gate() });
  await world.reaches(running, "in_progress");
  await world.answered(running, "in_progress");
  const waiting = await world.queue();
  await world.answered(waiting, "queued");
  return [running, waiting];
}

describe("jobs ls", () => {
  it("lists what waits, runs and has ended, in this order, each with the decision", async () => {
    const ended = await world.queue({ label: "other" });
    await world.reaches(ended, "completed");
    const [running, waiting] = await queueTwo();
    const jobs = await list();
    expect(jobs.slice(0, 2)).toMatchObject([
      {
        ...{ job: waiting, state: "queued", repository: "acme/app", pool: "cpu", runner: null, ranMs: null },
        ...{ decision: "defer:pool-at-capacity", detail: "1 of 1 Sandboxes of pool cpu are alive" },
      },
      { job: running, state: "running", sandboxId: expect.stringMatching(/^sb-/), decision: "ignore:nothing-to-do" },
    ]);
    expect(jobs.find(({ job }) => job === ended)).toMatchObject({
      state: "finished",
      conclusion: "success",
      pool: "other",
    });
    expect(jobs[0]?.waitedMs).toBeGreaterThan(0);
    const states = jobs.map(({ state }) => state);
    expect(states).toEqual([...states].sort((a, b) => order.indexOf(a) - order.indexOf(b)));
  });
  const order = ["queued", "held", "running", "finished"];

  it("puts the longest wait first, and filters", async () => {
    const [running, first] = await queueTwo();
    // GitHub tells times to the second.
    await until("the next second", () => Date.now() - world.job(first).createdAt.getTime() > 1000);
    const second = await world.queue();
    const other = await world.queue({ label: "other", gate: world.gate() });
    await world.reaches(other, "in_progress");
    const idsOf = (jobs: ListedJob[]) => jobs.map(({ job }) => job);
    expect(idsOf(await list("--state", "queued"))).toEqual([first, second]);
    expect(idsOf(await list("--state", "running", "--pool", "other"))).toEqual([other]);
    expect(idsOf(await list("--state", "running")).sort()).toEqual([running, other]);
    expect(idsOf(await list("--state", "queued", "--repo", "app"))).toEqual([first, second]);
    expect(await list("--repo", "acme/elsewhere")).toEqual([]);
    expect(await list("--state", "finished", "--since", "0")).toEqual([]);
    const wrong = await cli("jobs", "ls", "--state", "lost");
    expect([wrong.code, wrong.stdout]).toEqual([2, ""]);
  });

  it("leaves out jobs of other runners unless asked for all, and shows those that were meant for the fleet", async () => {
    const { hosted } = await world.queueSeveral();
    const misspelt = await world.queue({ label: "modl" });
    await world.answered(misspelt, "queued");
    const shown = await list();
    expect(shown.find(({ job }) => job === misspelt)).toMatchObject({ decision: "ignore:no-pool-matches", pool: null });
    expect(shown.find(({ job }) => job === misspelt)?.detail).toContain("did you mean modal?");
    expect(shown.map(({ job }) => job)).not.toContain(hosted);
    expect((await list("--all")).map(({ job }) => job)).toContain(hosted);
  });

  it("is tab-separated words in a pipe, and lines of JSON while it watches", async () => {
    const [running, waiting] = await queueTwo();
    const { code, stdout } = await cli("jobs", "ls", "--state", "queued", "--state", "running");
    expect(code).toBe(0);
    const cells = stdout
      .trim()
      .split("\n")
      .map((line) => line.split("\t"));
    expect(cells.map(([job, state]) => [job, state])).toEqual([
      [String(waiting), "queued"],
      [String(running), "running"],
    ]);
    const watching = start(["jobs", "ls", "--watch", "--json", "--state", "running"], world.fleet.env);
    const line = (await watching.untilStdout(/\n/)).split("\n")[0] as string;
    expect(JSON.parse(line)).toMatchObject([{ job: running }]);
    watching.child.kill("SIGINT");
    expect((await watching.ended).code).toBe(130);
  });

  it("lists what it can while Modal is down, with exit code 1", async () => {
    const misspelt = await world.queue({ label: "modl" });
    const { code, stdout, stderr } = await run(["jobs", "ls", "--json", "--state", "queued"], {
      ...world.fleet.env,
      MODAL_SERVER_URL: nowhere,
    });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject([{ job: misspelt, decision: "ignore:no-pool-matches" }]);
    expect(stderr).toMatch(/^Could not read the fleet's Sandboxes, .*: Modal could not be reached/);
  });

  it("takes as many calls however many jobs a run has", async () => {
    let calls = 0;
    const count = async () => {
      let before = 0;
      await world.open(async (access) => {
        before = calls;
        await listJobs(access, { now: Date.now });
      });
      return calls - before;
    };
    world.let({
      loses: () => true,
      github: async () => {
        calls++;
        return undefined;
      },
    });
    const ids = await world.queueSeveral({ gate: world.gate() });
    expect(ids.plain).toBeGreaterThan(0);
    const few = await count();
    await world.queue();
    // One more run: one more list of jobs.
    expect(await count()).toBe(few + 1);
  });
});

describe("explain", () => {
  it("knows a job by its id, address, run, runner and Sandbox, and by the last two once they are gone", async () => {
    const gate = world.gate();
    const id = await world.queue({ gate });
    await world.reaches(id, "in_progress");
    const { job, sandboxes } = await explain(String(id));
    expect(job).toMatchObject({ id, repository: "acme/app", labels: ["self-hosted", "modal"], status: "in_progress" });
    const runUrl = `https://github.com/acme/app/actions/runs/${job.run}`;
    const [runner, sandboxId] = [job.runner as string, sandboxes[0]?.id as string];
    for (const name of [job.url as string, `${runUrl}/job/${id}`, runUrl, String(job.run), runner, sandboxId]) {
      expect((await explain(name)).job.id).toBe(id);
    }
    writeFileSync(gate, "");
    await world.reaches(id, "completed");
    await until("its Sandbox is gone", () => world.fleet.modal.running().length === 0);
    for (const name of [runner, sandboxId]) {
      const told = await explain(name);
      expect(told.job).toMatchObject({ id, conclusion: "success" });
      expect(told.sandboxes).toMatchObject([{ id: sandboxId, end: "job-completed" }]);
    }
  });

  it("takes a runner that is gone for the job that it ran, not for the one that it was made for", async () => {
    world.let({ holdsRunner: () => true });
    const first = await world.queue({ label: "other" });
    await world.sandboxOf(first);
    const second = await world.queue({ label: "other" });
    await world.sandboxOf(second);
    world.let({ holdsRunner: (name) => name.includes(`-${first}-`) });
    await world.reaches(first, "completed");
    await world.answered(first, "completed");
    const runner = world.job(first).runner?.name ?? "";
    expect(runner).toContain(`-${second}-`);
    const isUp = () => world.fleet.modal.running().some(({ tags }) => tags["runner"] === runner);
    await until("its Sandbox is gone", () => !isUp());
    const told = await explain(runner);
    expect(told.job.id).toBe(first);
    expect(told.events.map(({ text }) => text).join()).toContain(`took it; it was made for job ${second}`);
  });

  it("names the choices where a run has several jobs, and says where it looked for one that is none", async () => {
    const { plain, hosted } = await world.queueSeveral();
    const { code, stdout, stderr } = await cli("explain", String(world.job(plain).runId));
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(`${plain}  plain (`);
    expect(stderr).toContain(`${hosted}  hosted (queued)`);
    const none = await cli("explain", "12345");
    expect([none.code, none.stdout]).toEqual([1, ""]);
    expect(none.stderr).toContain("No job or run of the one repository of acme has the id 12345.");
    expect((await cli("explain", "what?")).code).toBe(2);
    expect((await cli("explain")).code).toBe(2);
  });

  it("says of jobs of GitHub's own runners, and of skipped ones, that there is nothing to do", async () => {
    const { hosted, skipped } = await world.queueSeveral();
    const foreign = await explain(String(hosted));
    expect(foreign).toMatchObject({ isOurs: false, next: [] });
    expect(foreign.summary).toMatch(/not for one of this fleet: .* GitHub's own for hosted runners/);
    const told = await explain(String(skipped));
    expect(told).toMatchObject({ summary: "GitHub skipped it: it needed no runner.", sandboxes: [], next: [] });
    expect(told.events[0]?.text).toBe("Skipped in acme/app");
  });

  it("shows the answer, the story, the policy's lines and what to type, in this order", async () => {
    await queueTwo();
    const waiting = await world.queue();
    await world.answered(waiting, "queued");
    const { code, stdout } = await cli("explain", String(waiting));
    expect(code).toBe(0);
    const { MODAL_GHA_POLICY: file } = world.fleet.env;
    const parts = [
      `job  acme/app  job ${waiting}  queued`,
      "for a runner: the pool runs as many Sandboxes as the policy allows. 1 of 1 Sandboxes of pool cpu are alive.",
      "What happened (UTC)",
      "GitHub told the controller that it is queued",
      "It answered defer:pool-at-capacity",
      "Decision now  defer:pool-at-capacity",
      `  ${file}:5  labels: [modal]`,
      `  ${file}:6  max-runners: 1`,
      "  pool cpu   1 of 1 Sandboxes  full",
      "1 older job of acme/app waits for the same.",
      "It gets a runner as soon as a Sandbox of pool cpu has ended.",
      "  modal-gha runners ls --pool cpu",
    ];
    const places = parts.map((part) => stdout.indexOf(part));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places).not.toContain(-1);
  });

  it("tells what a failed delivery was about, and that the next attempt came through", async () => {
    const { webhookUrl, github } = world.fleet;
    github.setWebhookUrl(`${nowhere}/webhook`);
    const id = await world.queue({ label: "modal/cpu=64" });
    await world.answered(id, "queued");
    expect((await explain(String(id))).events[1]).toMatchObject({
      ...{ kind: "delivery", isBad: true },
      text: "GitHub could not tell the controller that it is queued: not reached: failed to connect to host",
    });
    github.setWebhookUrl(webhookUrl);
    await cli("deliveries", "redeliver", "--failed", "--yes");
    const { events } = await explain(String(id));
    expect(events[1]).toMatchObject({
      // One more where the controller, which looks again after what it put off, had it sent as well.
      text: expect.stringMatching(/^GitHub told the controller that it is queued, at attempt [23]$/),
      isBad: false,
    });
    expect(events[2]?.text).toMatch(/^It answered refuse:resources-not-allowed/);
    const [delivery] = JSON.parse((await cli("deliveries", "ls", "--json")).stdout);
    await cli("deliveries", "redeliver", String(delivery.id), "--yes");
    expect((await explain(String(id))).events[1]).toEqual(events[1]);
  });

  it("tells what it can while a service is down, and what is missing, with exit code 1", async () => {
    const [running, waiting] = await queueTwo();
    const noModal = { ...world.fleet.env, MODAL_SERVER_URL: nowhere };
    const blind = await run(["explain", String(waiting)], noModal);
    expect(blind.code).toBe(1);
    expect(blind.stdout).toContain("When it was queued, the controller answered defer:pool-at-capacity");
    expect(blind.stdout).toMatch(
      /What is missing here\n {2}Could not read .*the job's Sandboxes.*: Modal could not be reached/,
    );
    const noGitHub = { ...world.fleet.env, GITHUB_API_URL: nowhere };
    const guess = await run(["explain", String(running), "--json"], noGitHub);
    expect(guess.code).toBe(1);
    const told = JSON.parse(guess.stdout) as JobExplanation;
    expect(told.job).toMatchObject({ id: running, repository: "acme/app", status: null });
    expect(told.events.map(({ kind }) => kind)).toEqual(["sandbox-created"]);
    expect(told.unseen.map(({ what }) => what)).toContain("the job at GitHub");
    const neither = await run(["explain", String(running), "--json"], {
      ...noGitHub,
      MODAL_SERVER_URL: nowhere,
    });
    expect([neither.code, neither.stderr]).toEqual([1, ""]);
    expect(JSON.parse(neither.stdout)).toHaveProperty("error.code");
  });

  it("--labels tells what would become of a job, without one", async () => {
    const [first] = await queueTwo();
    const asked = async (...args: string[]) => {
      const { code, stdout } = await cli("explain", "--json", "--repo", "app", "--labels", ...args);
      return { code, ...(JSON.parse(stdout) as { decision: { reason: string }; pool: string | null }) };
    };
    expect(await asked("self-hosted,modal")).toMatchObject({
      ...{ code: 0, pool: "cpu", decision: { reason: "defer:pool-at-capacity" } },
      limits: [{ what: "the fleet" }, { what: "pool cpu", used: 1, most: 1 }],
    });
    expect(await asked("other")).toMatchObject({ pool: "other", decision: { reason: "spawn" } });
    expect(await asked("other", "--fork")).toMatchObject({ decision: { reason: "refuse:fork-pull-request" } });
    expect(await asked("modal/cpu=8")).toMatchObject({
      resources: { cpu: 8 },
      decision: { reason: "defer:pool-at-capacity" },
    });
    expect(await asked("mdal")).toMatchObject({ pool: null, decision: { reason: "ignore:no-pool-matches" } });
    expect(world.job(first).status).toBe("in_progress");
  });
});

describe("spawn --force", () => {
  it("goes over the limits, and says over which", async () => {
    const [, waiting] = await queueTwo();
    expect(await cli("spawn", "--job", String(waiting))).toMatchObject({
      code: 8,
      stderr: `Next: modal-gha spawn --job ${waiting} --force   # over the limit, this once\n`,
    });
    const { code, stdout } = await cli("spawn", "--job", String(waiting), "--force", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ isProvided: true, reason: "spawn", overLimit: "pool cpu has 2 of 1" });
    await world.reaches(waiting, "completed");
  });

  it("never goes over what the policy refuses", async () => {
    const tooBig = await world.queue({ label: "modal/cpu=64" });
    const refused = await cli("spawn", "--job", String(tooBig), "--force", "--json");
    expect([refused.code, JSON.parse(refused.stdout)]).toMatchObject([1, { reason: "refuse:resources-not-allowed" }]);
    const stranger = await world.queueFromFork();
    const fork = await cli("spawn", "--job", String(stranger), "--force", "--json");
    expect([fork.code, JSON.parse(fork.stdout)]).toMatchObject([1, { reason: "refuse:fork-pull-request" }]);
    expect(world.fleet.modal.running()).toEqual([]);
  });

  it("refuses a job that has a runner, or has ended", async () => {
    const [running] = await queueTwo();
    const busy = await cli("spawn", "--job", String(running), "--force");
    expect([busy.code, busy.stderr]).toEqual([
      1,
      expect.stringContaining("does not wait for a runner: it is in_progress"),
    ]);
    const { skipped } = await world.queueSeveral();
    const over = await cli("spawn", "--job", String(skipped), "--force");
    expect([over.code, over.stderr]).toEqual([1, expect.stringContaining("does not wait for a runner: it is skipped")]);
  });
});
