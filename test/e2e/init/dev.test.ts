// `init` as a new user tries it: beside `modal-gha dev --empty`, from an empty home directory, with what that prints.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Octokit } from "@octokit/rest";
import { expect, it, onTestFinished } from "vitest";
import type { DevAnnouncement } from "../../../src/lib/rehearsal/dev-registry.ts";
import { run, start, until } from "../cli.ts";
import { bin, resultOf } from "./site.ts";

it.runIf(bin !== undefined)(
  "init beside `dev --empty` ends in a fleet that runs the sample repository's jobs",
  { timeout: 600_000 },
  async () => {
    const scratch = mkdtempSync(join(tmpdir(), "init-dev-"));
    onTestFinished(() => rmSync(scratch, { recursive: true, force: true }));
    const [home, work] = [join(scratch, "home"), join(scratch, "work")];
    for (const folder of [home, work]) mkdirSync(folder);
    const shared = { XDG_CACHE_HOME: process.env["XDG_CACHE_HOME"] ?? join(process.env["HOME"] ?? "", ".cache") };
    const dev = start(["dev", "--empty", "--json"], { ...shared, XDG_STATE_HOME: join(scratch, "state") });
    const announced = JSON.parse(await dev.untilStdout(/\n/)) as DevAnnouncement;
    try {
      expect(announced).toMatchObject({ webhookUrl: null, webhookSecret: null });
      const { owner, repository, appId, privateKeyFile, env } = announced;
      const own = { ...env, HOME: home, PATH: [bin, "/usr/bin", "/bin"].join(delimiter) };
      const flags = ["--owner", owner, "--app-id", String(appId), "--private-key-file", privateKeyFile];
      const init = () => {
        return run(["init", "--no-input", ...flags, "--pool", "cpu", "--pool", "T4", "--json"], own, { cwd: work });
      };
      expect(resultOf(await init()).changed).toBe(true);
      const octokit = new Octokit({ baseUrl: announced.githubUrl, auth: env["GITHUB_TOKEN"] });
      const place = { owner, repo: repository };
      await octokit.actions.createWorkflowDispatch({ ...place, workflow_id: "ci.yml", ref: "main" });
      const done = await until("the run ends", async () => {
        const { data } = await octokit.actions.listWorkflowRunsForRepo(place);
        return data.workflow_runs.find(({ status }) => status === "completed");
      });
      expect(done.conclusion).toBe("success");
      expect(resultOf(await init()).changed).toBe(false);
    } finally {
      dev.child.kill("SIGINT");
      expect((await dev.ended).code).toBe(130);
    }
  },
);
