// The runners as a dashboard joins them from what each service told, which are never of the same moment.
import { describe, expect, it } from "vitest";
import { knownRunners } from "../../../src/lib/dashboard/runners.ts";
import type { DashboardRunner, KnownSides } from "../../../src/lib/dashboard/source.ts";
import type { FleetSandbox, Registration } from "../../../src/lib/fleet/snapshot.ts";
import { job as listedJob } from "../../ui/dashboard/examples.ts";
import { now, policy, registration, runner, sandbox } from "../fleet/fixtures.ts";

interface Told {
  sandboxes?: FleetSandbox[];
  registrations?: Registration[];
  jobs?: KnownSides["jobs"];
  /** How long ago each was asked. */
  modalMs?: number;
  githubMs?: number;
  former?: DashboardRunner[];
}

function join({ sandboxes, registrations, jobs, modalMs = 1000, githubMs = 1000, former }: Told): DashboardRunner[] {
  const sides: KnownSides = {
    sandboxes: sandboxes && { list: sandboxes, askedAt: now - modalMs },
    registrations: registrations && { list: registrations, askedAt: now - githubMs },
    jobs,
    former,
  };
  return knownRunners(sides, policy(), now);
}

describe("the job of a busy runner", () => {
  const busy = registration(runner(1), { busy: true });
  const running = listedJob(7, { state: "running", runner: runner(1), repository: "acme/web", run: 70 });

  it("is the one that GitHub lists on it, whatever it was made for", () => {
    const [row] = join({ sandboxes: [sandbox(1)], registrations: [busy], jobs: [listedJob(1), running] });
    expect(row).toMatchObject({ state: "busy", job: 7, run: 70, repository: "acme/web" });
  });

  it.each([
    ["while no jobs were listed", undefined],
    ["while it is not among the jobs", [listedJob(1, { runner: runner(1) })]],
  ])("is nobody's guess %s", (_, jobs) => {
    const [row] = join({ sandboxes: [sandbox(1)], registrations: [busy], jobs });
    expect(row).toMatchObject({ state: "busy", job: 0, run: null, repository: null });
  });

  it("is the one in its tags, once the controller has heard of it", () => {
    const [row] = join({ sandboxes: [sandbox(2, { busy: true, runnerName: runner(1) })], registrations: [busy] });
    expect(row).toMatchObject({ state: "busy", job: 2, repository: "acme/app" });
  });

  it("is the one that GitHub lists also where Modal tells nothing", () => {
    expect(join({ registrations: [busy], jobs: [running] })[0]).toMatchObject({ state: "busy", job: 7 });
  });

  it("leaves the job of one that is not busy, which it waits for", () => {
    const [row] = join({ sandboxes: [sandbox(1)], registrations: [registration(runner(1))], jobs: [running] });
    expect(row).toMatchObject({ state: "idle", job: 1 });
  });
});

describe("a Sandbox whose runner GitHub does not know", () => {
  const strayed = { sandboxes: [sandbox(1)], registrations: [] };
  const state = (told: Told) => join(told)[0]?.state;

  it.each<[string, Told, string]>([
    ["is unregistered where GitHub was asked before Modal", { githubMs: 2000 }, "unregistered"],
    ["may have ended where Modal was asked before GitHub", { modalMs: 2000 }, "unknown"],
    ["may have ended long ago where Modal is down", { modalMs: 600_000 }, "unknown"],
    ["starts where it is younger than the answer of GitHub", { githubMs: 130_000 }, "starting"],
    ["is over once a job was on it", { sandboxes: [sandbox(1, { busy: true })], modalMs: 2000 }, "ending"],
  ])("%s", (_, changes, expected) => {
    expect(state({ ...strayed, ...changes })).toBe(expected);
  });

  it("stays unregistered where it was so before, whichever is asked next", () => {
    const former = join({ ...strayed, githubMs: 2000 });
    expect(state({ ...strayed, modalMs: 2000, former })).toBe("unregistered");
  });
});

describe("a registration of which Modal tells no Sandbox", () => {
  const told = (name: string, given: Partial<Registration> = {}): Told => ({
    sandboxes: [],
    registrations: [registration(name, given)],
  });
  const young = runner(1, "cpu", 1);

  it.each<[string, Told, string]>([
    ["starts while it is young", told(young, { online: false }), "starting"],
    ["is idle where GitHub says so, while it is young", told(young), "idle"],
    ["is busy where GitHub says so, while it is young", told(young, { busy: true }), "busy"],
    [
      "is busy where it came after Modal went down",
      { ...told(runner(1, "cpu", 9), { busy: true }), modalMs: 600_000 },
      "busy",
    ],
    ["has ended where GitHub was asked first", { ...told(runner(1)), githubMs: 2000 }, "ending"],
    ["is left over where Modal was asked first", { ...told(runner(1)), modalMs: 2000 }, "no-sandbox"],
    ["is left over where it is not online", { ...told(runner(1), { online: false }), githubMs: 2000 }, "no-sandbox"],
  ])("%s", (_, sides, expected) => {
    expect(join(sides)[0]?.state).toBe(expected);
  });
});

describe("while one service was never reached", () => {
  it.each<[string, Told, string]>([
    ["GitHub alone tells busy", { registrations: [registration(runner(1), { busy: true })] }, "busy"],
    ["GitHub alone tells idle", { registrations: [registration(runner(1))] }, "idle"],
    [
      "GitHub alone does not tell what is not online",
      { registrations: [registration(runner(1), { online: false })] },
      "unknown",
    ],
    ["tags alone tell busy", { sandboxes: [sandbox(1, { busy: true })] }, "busy"],
    ["tags alone do not tell idle", { sandboxes: [sandbox(1)] }, "unknown"],
  ])("%s", (_, sides, expected) => {
    expect(join(sides)[0]?.state).toBe(expected);
  });
});
