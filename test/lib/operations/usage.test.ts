import { describe, expect, it } from "vitest";
import { bar } from "../../../src/lib/cli/charts.ts";
import { createColours } from "../../../src/lib/cli/colours.ts";
import { ExitCode } from "../../../src/lib/cli/exit-codes.ts";
import type { Modal } from "../../../src/lib/fleet/ports.ts";
import type { EndedSandbox, FleetSandbox } from "../../../src/lib/fleet/snapshot.ts";
import { renderUsage, usageCsv } from "../../../src/lib/operations/render-usage.ts";
import { parseSince } from "../../../src/lib/operations/since.ts";
import { readUsage, type UsageKey } from "../../../src/lib/operations/usage.ts";
import { estimateHostedDollars } from "../../../src/lib/policy/hosted-prices.ts";
import { parsePolicy } from "../../../src/lib/policy/parse.ts";

const minute = 60_000;
const now = Date.UTC(2026, 4, 2, 12);
const policy = parsePolicy(`
fleet: f
github: { owner: acme }
prices: { cpu: 0.001, memory: 0, T4: 0.01 }
pools:
  - { name: cpu, labels: [modal], cpu: 2, memory: 4GiB }
  - { name: gpu, labels: [gpu], cpu: 1, memory: 4GiB, gpu: "T4:2" }
`);

function sandbox(id: string, pool: string, repository: string, ageMinutes: number, runId = 1): FleetSandbox {
  return {
    id,
    name: `${id}-1`,
    createdAt: now - ageMinutes * minute,
    pool,
    repository,
    jobId: Number(id),
    runId,
    busy: true,
    runnerName: `${pool}-${id}-1-0000000000`,
    registrationId: 1,
    resourceLabel: "",
    isIsolated: false,
  };
}
const over = (of: FleetSandbox, minutes: number): EndedSandbox => ({ ...of, endedAt: of.createdAt + minutes * minute });

function read(alive: FleetSandbox[], ended: EndedSandbox[], by: UsageKey, since = now - 60 * minute) {
  const modal = { sandboxes: async () => alive, ended: async () => ended } as unknown as Modal;
  const getWorkflowRun = async ({ run_id }: { run_id: number }) => {
    if (run_id === 404) throw Object.assign(new Error("Not Found"), { status: 404 });
    return { data: { name: `workflow ${run_id}` } };
  };
  const octokit = { rest: { actions: { getWorkflowRun } } } as never;
  return readUsage({ modal, policy, octokit }, { since, by, now });
}

describe("usage", () => {
  it("adds up living and ended Sandboxes by repository, the dearest first", async () => {
    const alive = [sandbox("1", "gpu", "acme/b", 10)];
    const ended = [over(sandbox("2", "cpu", "acme/a", 30), 10.5), over(sandbox("3", "cpu", "acme/a", 20), 1)];
    const { rows, total } = await read(alive, ended, "repo");
    // A GPU pool: 600 s of one core and two T4s. The other: 690 s of two cores.
    expect(rows).toEqual([
      { name: "acme/b", runners: 1, minutes: 10, gpuMinutes: 20, dollars: expect.closeTo(12.6), hostedDollars: null },
      {
        name: "acme/a",
        runners: 2,
        minutes: 11.5,
        gpuMinutes: 0,
        dollars: expect.closeTo(1.38),
        // Eleven minutes and one, on four virtual CPUs.
        hostedDollars: expect.closeTo(12 * 0.012),
      },
    ]);
    expect(total).toMatchObject({ name: null, runners: 3, minutes: 21.5, dollars: expect.closeTo(13.98) });
  });

  it("counts only what lies within the time, and no Sandbox twice", async () => {
    const long = sandbox("1", "cpu", "acme/a", 120);
    const { total } = await read([long], [over(long, 119), over(sandbox("2", "cpu", "acme/a", 200), 100)], "repo");
    expect(total).toMatchObject({ runners: 1, minutes: 59 });
  });

  it.each<[UsageKey, (string | null)[]]>([
    ["pool", ["gpu", "cpu"]],
    ["job", ["1", "2"]],
    ["workflow", ["acme/b / workflow 7", "acme/a / workflow 1"]],
  ])("adds up by %s", async (by, names) => {
    const { rows } = await read([sandbox("1", "gpu", "acme/b", 10, 7), sandbox("2", "cpu", "acme/a", 10)], [], by);
    expect(rows.map(({ name }) => name)).toEqual(names);
  });

  it("counts a run that was deleted at GitHub", async () => {
    const { rows } = await read([sandbox("1", "gpu", "acme/b", 10, 404)], [], "workflow");
    expect(rows.map(({ name }) => name)).toEqual(["acme/b / (deleted)"]);
  });

  it("of a pool that the policy has no more, costs what its Sandboxes say they had, or is named", async () => {
    const size = { cpu: 3, memoryMiB: 1024, gpu: undefined };
    const known = await read([{ ...sandbox("1", "old", "acme/a", 10), size }], [], "pool");
    expect(known).toMatchObject({ rows: [{ name: "old", dollars: expect.closeTo(1.8) }], withoutPrice: [] });
    const unknown = await read([sandbox("1", "old", "acme/a", 10)], [], "pool");
    expect(unknown).toMatchObject({ rows: [{ name: "old", minutes: 10, dollars: 0 }], withoutPrice: ["old"] });
  });

  it("is a table with bars for a terminal, and CSV for a spreadsheet", async () => {
    const usage = await read([sandbox("1", "gpu", "acme/b", 10), sandbox("2", "cpu", "acme/a", 10)], [], "repo");
    const side = { stream: process.stdout, isTTY: true, colours: createColours(false), width: 80 };
    const lines = renderUsage(usage, side).split("\n");
    expect(lines.map((line) => line.length <= 80)).toEqual([true, true, true, true]);
    expect(lines[1]).toMatch(/^acme\/b +1 +10 +20 +\$12\.60 +none +█{12}$/);
    expect(lines[3]).toMatch(/^total +2 /);
    expect(usageCsv({ ...usage, rows: [{ ...usage.rows[0]!, name: 'a,"b"' }] })).toBe(
      'repo,runners,minutes,gpu_minutes,dollars,github_hosted_dollars\n"a,""b""",1,10,20,12.6,',
    );
  });

  it("draws bars in eighths", () => {
    expect([bar(0, 4), bar(1, 4), bar(0.5, 4), bar(1 / 32, 4)]).toEqual(["", "████", "██", "▏"]);
  });
});

describe("a GitHub-hosted runner", () => {
  const of = (cpu: number, gpu?: string) => ({ cpu, memoryMiB: 1024, gpu, timeoutSeconds: 1 });
  it.each<[string, ReturnType<typeof of>, number, number | undefined]>([
    ["the smallest that has as many CPUs", of(4), 60, 0.022],
    ["by the whole minute", of(1), 61, 0.012],
    ["one T4", of(2, "T4"), 60, 0.052],
    ["no two T4s", of(2, "T4:2"), 60, undefined],
    ["no H100", of(2, "H100"), 60, undefined],
    ["none so large", of(64), 60, undefined],
  ])("is %s", (_, resources, seconds, dollars) => {
    expect(estimateHostedDollars(resources, seconds)).toEqual(dollars);
  });
});

describe("--since", () => {
  it.each([
    ["90m", now - 90 * minute],
    ["today", Date.UTC(2026, 4, 2)],
    ["2026-05-01", Date.UTC(2026, 4, 1)],
    ["2026-05-01T10:00:00Z", Date.UTC(2026, 4, 1, 10)],
  ])("takes %s", (text, at) => {
    expect(parseSince(text, now)).toBe(at);
  });
  it.each(["yesterday", "2027-01-01", "", "5"])("refuses %j", (text) => {
    expect(() => parseSince(text, now)).toThrow(expect.objectContaining({ exitCode: ExitCode.Usage }));
  });
});
