// Which runners are meant, and which jobs they are said to run, before anything is ended.
import { describe, expect, it } from "vitest";
import { Unavailable } from "../../../src/lib/fleet/ports.ts";
import type { FleetAccess } from "../../../src/lib/operations/fleet-access.ts";
import { killRunners, selectRunners } from "../../../src/lib/operations/kill-runners.ts";
import { job, now, policy, registration, runner, sandbox } from "../fleet/fixtures.ts";
import { InMemoryGitHub, InMemoryModal } from "../fleet/in-memory.ts";

/** Two runners that GitHub gave each other's jobs; `isHeard`: the controller knows it, and has tagged them so. */
function swapped(isHeard: boolean) {
  const github = new InMemoryGitHub();
  const [one, two] = [sandbox(1), sandbox(2)];
  github.jobs.set(1, job(1, { name: "train", status: "in_progress", runnerName: two.runnerName }));
  github.jobs.set(2, job(2, { name: "lint", status: "in_progress", runnerName: one.runnerName }));
  for (const { runnerName, registrationId: id } of [one, two]) {
    github.runners.set(id, registration(runnerName, { id, busy: true }));
  }
  const sandboxes = isHeard
    ? [
        { ...one, jobId: 2, busy: true },
        { ...two, jobId: 1, busy: true },
      ]
    : [one, two];
  return { github, fleet: { github, policy: policy(), modal: { sandboxes: async () => sandboxes } as never } };
}
const select = (fleet: ReturnType<typeof swapped>["fleet"], ...references: string[]) =>
  selectRunners(fleet, { references }, now);

describe("the runners that are meant", () => {
  it.each([true, false])(
    "are told with the jobs that they run, whether or not the tags know them (%s)",
    async (isHeard) => {
      const [target] = await select(swapped(isHeard).fleet, runner(1));
      expect(target).toMatchObject({ runner: runner(1), job: 2, jobName: "lint" });
    },
  );

  it.each([true, false])("are those that run the job that was named (%s)", async (isHeard) => {
    const [target] = await select(swapped(isHeard).fleet, "1");
    expect(target).toMatchObject({ runner: runner(2), job: 1, jobName: "train" });
  });

  it("cost a call for each that is busy, and the unfinished jobs only where the tags do not know", async () => {
    const known = swapped(true);
    await select(known.fleet);
    expect(known.github.calls.toSorted()).toEqual(["job", "job", "registrations"]);
    const unknown = swapped(false);
    await select(unknown.fleet);
    expect(unknown.github.calls.filter((call) => call === "jobs")).toHaveLength(1);
  });

  it("are never another fleet's of the same organisation, though its pools are called the same", async () => {
    const { fleet, github } = swapped(true);
    const [own, theirs] = [runner(3), runner(4, "cpu", 60, "another-fleet")];
    github.runners.set(30, registration(own, { id: 30, online: false }));
    github.runners.set(31, registration(theirs, { id: 31 }));
    const all = await selectRunners(fleet, { references: [], pools: ["cpu"], states: ["no-sandbox"] }, now);
    expect(all.map((target) => target.runner)).toEqual([own]);
    await expect(select(fleet, theirs)).rejects.toThrow("no runner");
  });

  it("have no job where GitHub does not show yet which", async () => {
    const { fleet, github } = swapped(false);
    github.jobs.clear();
    const [target] = await select(fleet, runner(1));
    expect(target).toMatchObject({ state: "busy", job: 0, jobName: null });
    await expect(select(fleet, "1")).rejects.toThrow("no runner 1");
  });
});

/** A fleet of one runner for each job, and what its Sandboxes are told; `exitCode`: how an interrupted one ends. */
function fleetOf(jobs: { id: number; isBusy: boolean }[], exitCode = 1) {
  const [github, modal] = [new InMemoryGitHub(), new InMemoryModal()];
  for (const { id, isBusy } of jobs) {
    const own = sandbox(id, { busy: isBusy });
    modal.alive.set(own.id, { ...own, secrets: {} });
    const { runnerName, registrationId } = own;
    github.runners.set(registrationId, registration(runnerName, { id: registrationId, busy: isBusy }));
    github.jobs.set(id, job(id, { status: "in_progress", runnerName }));
  }
  const told: string[][] = [];
  const interrupted = {
    exec: async (command: string[]) => {
      told.push(command.slice(3));
      return { wait: async () => 0 };
    },
    poll: async () => exitCode,
  };
  const client = { sandboxes: { fromId: async () => interrupted } };
  const fleet = { github, modal, policy: policy(), modalAccess: { client } } as unknown as FleetAccess;
  const kill = async (graceMs = 30_000) =>
    killRunners(await selectRunners(fleet, { references: [] }, now), fleet, graceMs);
  return { github, modal, told, interrupted, kill };
}

describe("ending runners", () => {
  it("asks GitHub about a runner that its list leaves out, and keeps one that turns out to be busy", async () => {
    const { github, modal, kill } = fleetOf([{ id: 1, isBusy: true }]);
    modal.alive.set("sb-1", { ...sandbox(1), secrets: {} });
    // Made between the two lists, or shifted from one page to another.
    github.registrations = async () => [];
    expect(await kill()).toMatchObject([{ runner: runner(1), result: "kept", job: null }]);
    expect(modal.alive.has("sb-1")).toBe(true);
  });

  it("tells the Sandbox how long its job has to end", async () => {
    const { told, kill } = fleetOf([{ id: 1, isBusy: true }]);
    expect(await kill(120_000)).toMatchObject([{ result: "interrupted", job: 1 }]);
    expect(told.map((args) => args.at(-1))).toEqual(["120"]);
  });

  it("says that a runner was killed which had to be, within its Sandbox or with it", async () => {
    for (const code of [9, 137]) {
      expect(await fleetOf([{ id: 1, isBusy: true }], code).kill()).toMatchObject([{ result: "killed", job: 1 }]);
    }
  });

  it("ends a Sandbox that cannot be asked to interrupt its job", async () => {
    const { modal, interrupted, kill } = fleetOf([{ id: 1, isBusy: true }]);
    interrupted.exec = () => Promise.reject(new Error("the command router does not answer"));
    expect(await kill()).toMatchObject([{ result: "killed" }]);
    expect(modal.alive.size).toBe(0);
  });

  it("that fails for one is told of it, and spares the others nothing", async () => {
    const { github, kill } = fleetOf([1, 2, 3].map((id) => ({ id, isBusy: false })));
    let count = 0;
    github.before = (call) => {
      if (call === "deregister" && ++count === 2) throw new Unavailable("github", "GitHub: 502");
    };
    const killed = await kill();
    expect(killed.map(({ result }) => result).sort()).toEqual(["deregistered", "deregistered", "failed"]);
    expect(killed.find(({ result }) => result === "failed")?.detail).toContain("502");
    expect(killed.filter(({ detail }) => detail === null)).toHaveLength(2);
  });
});
