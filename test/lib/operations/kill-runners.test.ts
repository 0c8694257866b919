// Which runners are meant, and which jobs they are said to run, before anything is ended.
import { describe, expect, it } from "vitest";
import { selectRunners } from "../../../src/lib/operations/kill-runners.ts";
import { job, now, policy, registration, runner, sandbox } from "../fleet/fixtures.ts";
import { InMemoryGitHub } from "../fleet/in-memory.ts";

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
