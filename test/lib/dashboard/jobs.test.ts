// The jobs that a dashboard knows while some repositories cannot be looked into.
import { expect, it } from "vitest";
import { knownJobs } from "../../../src/lib/dashboard/jobs.ts";
import { job } from "../../ui/dashboard/examples.ts";

const app = job(1, { repository: "acme/app", state: "running" });
const web = job(2, { repository: "acme/web" });
const before = { jobs: [app, web], unseen: [], isWhole: true };
const unseen = (what: string) => [{ what, why: "GitHub's rate limit is reached" }];

it("keeps the jobs of a repository that cannot be read, as stale, and those alone", () => {
  const after = knownJobs({ jobs: [], unseen: unseen("the jobs of acme/web") }, before);
  expect(after).toMatchObject({ jobs: [{ job: 2, isStale: true }], isWhole: false });
  // And for as long as it cannot.
  expect(knownJobs({ jobs: [app], unseen: after.unseen }, after).jobs).toEqual([{ ...web, isStale: true }, app]);
});

it("lets go of what it kept once the repository can be read again", () => {
  const after = knownJobs({ jobs: [], unseen: unseen("the jobs of acme/web") }, before);
  expect(knownJobs({ jobs: [web], unseen: [] }, after)).toEqual({ jobs: [web], unseen: [], isWhole: true });
});

it("is whole where something else could not be read", () => {
  expect(knownJobs({ jobs: [app], unseen: unseen("the fleet's Sandboxes") }, before)).toMatchObject({
    jobs: [app],
    isWhole: true,
  });
});
