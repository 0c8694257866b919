import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { packageFile } from "../../src/lib/package-root.ts";
import type { DemoSummary } from "../../src/lib/rehearsal/demo.ts";
import { processesWith, run, start, until } from "./cli.ts";

let scratch: string;
let env: Record<string, string>;

beforeEach(() => {
  // Its own folder for temporary files: whatever is left there afterwards was left by the demo. Its path marks processes.
  scratch = mkdtempSync(join(tmpdir(), "demo-test-"));
  env = { TMPDIR: scratch, XDG_STATE_HOME: join(scratch, "state"), XDG_CONFIG_HOME: join(scratch, "config") };
});

afterEach(() => rmSync(scratch, { recursive: true, force: true }));

function leftovers(): string[] {
  return readdirSync(scratch).filter((name) => name !== "repository");
}

describe("modal-gha demo", () => {
  it("runs every job on a runner of its own and leaves nothing", async () => {
    const { code, stdout, stderr } = await run(["demo", "--json"], env);
    expect(code, stderr).toBe(0);
    const summary = JSON.parse(stdout) as DemoSummary;
    expect(summary).toMatchObject({ sandboxesLeft: 0, registrationsLeft: 0, processesLeft: 0 });
    const jobs = summary.jobs.map(({ name, conclusion, pool, labels }) => ({ name, conclusion, pool, labels }));
    const success = { conclusion: "success" };
    expect(jobs.sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      { ...success, name: "report", pool: "cpu", labels: ["self-hosted", "modal"] },
      { ...success, name: "test", pool: "cpu", labels: ["self-hosted", "modal"] },
      { ...success, name: "train (fp16)", pool: "gpu-t4", labels: ["self-hosted", "gpu-t4"] },
      { ...success, name: "train (fp32)", pool: "gpu-t4", labels: ["self-hosted", "gpu-t4"] },
    ]);
    expect(new Set(summary.jobs.map((job) => job.runnerName)).size).toBe(4);
    expect(new Set(summary.jobs.map((job) => job.sandboxId)).size).toBe(4);
    // A GPU takes the first Sandbox backend, whose ids have 22 characters; the others the second.
    const idLengths = summary.jobs.map((job) => [job.pool, (job.sandboxId ?? "").length === 25]);
    expect(idLengths.every(([pool, isFirst]) => (pool === "gpu-t4") === isFirst)).toBe(true);
    for (const job of summary.jobs) expect(job.queuedToRunningMs).toBeGreaterThan(0);
    expect(leftovers()).toEqual([]);
    expect(processesWith(scratch)).toEqual([]);
  });

  it("shows each job's own output as it comes, under the job's name", async () => {
    const { code, stdout } = await run(["demo"], env);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^test +│ 3 passed$/m);
    expect(stdout).toMatch(/^train \(fp16\) +│ epoch 4 {2}w = 1\.939$/m);
    expect(stdout).toMatch(/^report +│ 3 jobs collected, status: success$/m);
    expect(stdout).toMatch(/left: 0 Sandboxes, 0 registrations, 0 processes\nAll is well\.\n$/);
    expect(stdout).not.toContain("##[");
  });

  it("--fail ends with 1 and shows which step failed, with its output", async () => {
    const { code, stdout } = await run(["demo", "--fail"], env);
    expect(code).toBe(1);
    expect(stdout).toContain('report: step "Check them against the last release" failed');
    expect(stdout).toMatch(/^ {2}accuracy fell by 0\.22/m);
    expect(stdout).toMatch(/^report +│ .*status: failure$/m);
    expect(stdout).toContain("left: 0 Sandboxes, 0 registrations, 0 processes");
    expect(leftovers()).toEqual([]);
  });

  it("--workflow runs a repository's own workflow files, and says which job no pool serves", async () => {
    const repository = join(scratch, "repository");
    mkdirSync(join(repository, ".github", "workflows"), { recursive: true });
    writeFileSync(join(repository, "marker.txt"), "this very repository\n");
    const workflow = (runsOn: string) =>
      `on: push\njobs:\n  only:\n    runs-on: ${runsOn}\n    steps:\n      - uses: actions/checkout@v4\n      - run: cat marker.txt\n`;
    writeFileSync(join(repository, ".github", "workflows", "a.yml"), workflow("ubuntu-latest"));
    const good = await run(["demo", "--workflow", repository], env);
    expect(good.stdout).toMatch(/^only +│ this very repository$/m);
    expect(good.code).toBe(0);

    writeFileSync(join(repository, ".github", "workflows", "a.yml"), workflow("windows-latest"));
    const bad = await run(["demo", "--workflow", repository], env);
    expect(bad.code).toBe(1);
    expect(bad.stdout).toMatch(/ignore:no-pool-matches .*windows-latest/);
    expect(bad.stdout).toContain("job only: cancelled");
    expect(leftovers()).toEqual([]);
  });

  it("refuses a folder without workflow files", async () => {
    const { code, stdout, stderr } = await run(["demo", "--workflow", scratch], env);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(`There are no workflow files in ${join(scratch, ".github", "workflows")}.`);
  });

  it("interrupted, ends with 130 and leaves nothing", async () => {
    const demo = start(["demo"], env);
    await demo.untilStdout(/taken by/);
    demo.child.kill("SIGINT");
    expect((await demo.ended).code).toBe(130);
    expect(leftovers()).toEqual([]);
    expect(processesWith(scratch)).toEqual([]);
  });

  it("ends when the npm that started it is killed", async () => {
    const npm = spawn("npm", ["run", "demo"], {
      cwd: packageFile(),
      stdio: ["ignore", "pipe", "ignore"],
      env: { ...process.env, ...env },
    });
    let stdout = "";
    for await (const text of npm.stdout.setEncoding("utf8")) {
      stdout += text;
      if (stdout.includes("taken by")) break;
    }
    npm.kill("SIGKILL");
    await until("no process is left", () => processesWith(scratch).length === 0);
  });

  it("killed, leaves no process after 5 seconds, and no file", async () => {
    const demo = start(["demo"], env);
    await demo.untilStdout(/taken by/);
    expect(processesWith(scratch).length).toBeGreaterThan(2);
    demo.child.kill("SIGKILL");
    await demo.ended;
    await until("no process is left", () => processesWith(scratch).length === 0);
    expect(leftovers()).toEqual([]);
  });
});
