import { describe, expect, it } from "vitest";
import { activeRepositories } from "../../../src/lib/operations/active-repositories.ts";
import { policy } from "../fleet/fixtures.ts";

const now = Date.UTC(2026, 2, 1, 12);
const hour = 3600_000;

/** A GitHub with so many repositories, and a log of deliveries. */
function world(count: number, deliveries: { repository_id: number; ageMs: number }[] | Error) {
  const repositories = Array.from({ length: count }, (_, index) => ({
    id: index + 1,
    full_name: `acme/r${index + 1}`,
  }));
  const item = ({ repository_id, ageMs }: { repository_id: number; ageMs: number }, index: number) => ({
    ...{ id: index, guid: String(index), redelivery: false, status: "OK", status_code: 200, event: "workflow_job" },
    ...{ delivered_at: new Date(now - ageMs).toISOString(), repository_id },
  });
  const octokit = {
    paginate: Object.assign(async () => repositories, {
      iterator: async function* () {
        if (deliveries instanceof Error) throw deliveries;
        yield { data: deliveries.map(item) };
      },
    }),
    rest: { apps: {} },
  };
  const names = repositories.map(({ full_name: name }) => name);
  return {
    ...{ policy: policy(), isApp: true, octokit: octokit as never },
    github: { repositories: async () => names } as never,
    hooks: async () => [{ octokit: octokit as never, path: "/app/hook" }],
    names,
  };
}

const look = (fleet: ReturnType<typeof world>) => activeRepositories(fleet, { isEvery: false, now });

describe("the repositories to look into", () => {
  it("are all of few", async () => {
    const fleet = world(40, []);
    expect(await look(fleet)).toEqual(fleet.names);
  });

  it("are of many those of which GitHub told something within the day that a job can wait", async () => {
    const deliveries = [
      { repository_id: 7, ageMs: hour },
      { repository_id: 9, ageMs: 23 * hour },
      { repository_id: 11, ageMs: 25 * hour },
    ];
    expect(await look(world(100, deliveries))).toEqual(["acme/r7", "acme/r9"]);
  });

  it("are all of many where the log of deliveries says nothing, or cannot be read", async () => {
    for (const log of [[], new Error("no such hook")]) {
      const fleet = world(100, log);
      expect(await look(fleet)).toEqual(fleet.names);
    }
  });
});
