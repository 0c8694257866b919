// The job hooks: what they say, and that nothing makes them fail a job.
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { packageFile } from "../../src/lib/package-root.ts";
import { temporaryDirectory } from "../lib/emulator/runner/runner-process.ts";

function run(name: string, environment: Record<string, string>) {
  // As the runner calls hooks.
  return spawnSync("bash", ["-e", packageFile("image", "hooks", name)], {
    env: { PATH: process.env["PATH"], ...environment },
    encoding: "utf8",
  });
}

test("the job's identity stands in one group", () => {
  using temporary = temporaryDirectory();
  const { status, stdout, stderr } = run("job-started.sh", {
    GITHUB_REPOSITORY: "octo/repo",
    GITHUB_RUN_ID: "42",
    GITHUB_RUN_ATTEMPT: "2",
    GITHUB_JOB: "build",
    RUNNER_NAME: "gpu-1",
    RUNNER_TEMP: temporary.path,
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout.split("\n")).toEqual([
    "::group::modal-gha: octo/repo run 42 attempt 2",
    "Repository: octo/repo",
    "Run: 42",
    "Attempt: 2",
    "Job: build",
    "Runner: gpu-1",
    "::endgroup::",
    "",
  ]);
});

test("duration and disk are summed up", () => {
  using temporary = temporaryDirectory();
  const environment = { RUNNER_TEMP: temporary.path, GITHUB_WORKSPACE: temporary.path };
  run("job-started.sh", environment);
  const { status, stdout, stderr } = run("job-completed.sh", environment);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(
    /^::group::modal-gha: resources\nDuration: \d s\nDisk: \S+ used, \S+ free \(\d+%\) on \/.*\n::endgroup::\n$/,
  );
});

test.each(["job-started.sh", "job-completed.sh"])("%s succeeds where nothing is as it should be", (name) => {
  const { status } = run(name, { RUNNER_TEMP: "/nowhere", GITHUB_WORKSPACE: "/nowhere" });
  expect(status).toBe(0);
});
