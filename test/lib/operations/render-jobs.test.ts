import { describe, expect, it } from "vitest";
import { createColours } from "../../../src/lib/cli/colours.ts";
import { displayWidth } from "../../../src/lib/cli/text.ts";
import type { ListedJob } from "../../../src/lib/operations/list-jobs.ts";
import { renderJobs } from "../../../src/lib/operations/render-jobs.ts";

const job: ListedJob = {
  job: 61234567890,
  run: 1,
  attempt: 1,
  repository: "acme/app",
  name: "integration tests (ubuntu, 24)",
  labels: ["modal"],
  url: "",
  state: "queued",
  conclusion: null,
  createdAt: "2026-03-01T12:00:00.000Z",
  startedAt: null,
  completedAt: null,
  waitedMs: 250_000,
  ranMs: null,
  pool: "cpu",
  runner: null,
  sandboxId: null,
  decision: "defer:pool-at-capacity",
  detail: "20 of 20 Sandboxes of pool cpu are alive",
};
const running: ListedJob = {
  ...job,
  ...{ job: 61234567891, state: "running", startedAt: job.createdAt, waitedMs: 1000, ranMs: 3_900_000 },
  ...{ runner: "cpu-61234567891-1-htf3ypb2yq", sandboxId: "sb-1" },
  ...{ decision: "ignore:nothing-to-do", detail: "everything is as it should be" },
};
const output = (isTTY: boolean, width: number) => ({
  stream: process.stdout,
  isTTY,
  colours: createColours(false),
  width,
});

describe("jobs as a table", () => {
  it("fits into 80 columns, and says why a job waits or where it runs", () => {
    const lines = renderJobs([job, running], output(true, 80)).split("\n");
    expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(80);
    expect(lines[1]).toMatch(/^61234567890 {2}○ queued .* 4m 10s .* pool-at-capacity {2}20 of/);
    expect(lines[2]).toMatch(/^61234567891 {2}● running .* 1h 5m .* cpu-6/);
    expect(lines.join()).not.toContain("everything is as it should be");
  });

  it("tells all of it, in full words, to a pipe", () => {
    const [line = ""] = renderJobs([job], output(false, Number.POSITIVE_INFINITY)).split("\n");
    expect(line.split("\t")).toEqual([
      ...["61234567890", "queued", "acme/app", "integration tests (ubuntu, 24)", "cpu", "4m 10s", ""],
      ...["defer:pool-at-capacity", "", "", "20 of 20 Sandboxes of pool cpu are alive"],
    ]);
  });

  it("names the repository where there are several", () => {
    const text = renderJobs([job, { ...running, repository: "acme/other" }], output(true, 200));
    expect(text).toContain("acme/other");
    expect(renderJobs([job, running], output(true, 200))).not.toContain("acme/app");
  });
});
