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
}

function join({ sandboxes, registrations, jobs, modalMs = 1000, githubMs = 1000 }: Told): DashboardRunner[] {
  const sides: KnownSides = {
    sandboxes: sandboxes && { list: sandboxes, askedAt: now - modalMs },
    registrations: registrations && { list: registrations, askedAt: now - githubMs },
    jobs,
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
