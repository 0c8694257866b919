// Which job is meant by a runner, when GitHub gave jobs to other runners than those that were made for them.
import { describe, expect, it } from "vitest";
import { findJob } from "../../../src/lib/operations/find-job.ts";
import type { FleetAccess } from "../../../src/lib/operations/fleet-access.ts";
import { isWanted, joinRunners } from "../../../src/lib/operations/list-runners.ts";
import { job, now, policy, registration, runner, sandbox } from "../fleet/fixtures.ts";
import { InMemoryGitHub, InMemoryModal } from "../fleet/in-memory.ts";

/** Two runners whose tags name the jobs that they were made for; `isBusy`: whether GitHub calls the first one busy. */
function fleetOf(isBusy: boolean) {
  const [github, modal] = [new InMemoryGitHub(), new InMemoryModal()];
  for (const id of [1, 2]) {
    const own = sandbox(id);
    modal.alive.set(own.id, { ...own, secrets: {} });
    const { runnerName, registrationId } = own;
    github.runners.set(registrationId, registration(runnerName, { id: registrationId, busy: isBusy && id === 1 }));
    github.jobs.set(id, job(id));
  }
  const fleet = { github, modal, policy: policy() } as unknown as FleetAccess;
  return { github, find: (text: string) => findJob(text, fleet) };
}

describe("the job that is meant by a runner", () => {
  it("is the one that it waits for", async () => {
    expect(await fleetOf(false).find(runner(1))).toMatchObject({ id: 1 });
  });

  it("is the one that GitHub gave it, though its tags name another", async () => {
    const { github, find } = fleetOf(true);
    github.jobs.set(1, job(1, { status: "in_progress", runnerName: runner(2) }));
    github.jobs.set(2, job(2, { status: "in_progress", runnerName: runner(1) }));
    expect(await find(runner(1))).toMatchObject({ id: 2 });
    expect(await find("1")).toMatchObject({ id: 1 });
  });

  it("is none that another runner took, or that GitHub does not show", async () => {
    const taken = fleetOf(false);
    taken.github.jobs.set(1, job(1, { status: "in_progress", runnerName: runner(2) }));
    await expect(taken.find(runner(1))).rejects.toMatchObject({ why: expect.stringContaining(`${runner(2)} took`) });
    const unseen = fleetOf(true);
    await expect(unseen.find(runner(1))).rejects.toMatchObject({ why: expect.stringContaining("does not show") });
  });
});

it("a repository is meant in upper or lower case, as GitHub has it", () => {
  const [listed] = joinRunners([sandbox(1)], [], policy(), now);
  const isOf = (name: string) => listed && isWanted(listed, { repositories: [name] });
  expect(["App", "ACME/app", "acme/other"].map(isOf)).toEqual([true, true, false]);
});
