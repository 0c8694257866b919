import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { DestroyReport } from "../../src/lib/destroy/render.ts";
import { openModal } from "../../src/lib/modal/client.ts";
import { writeSecret } from "../../src/lib/modal/secrets.ts";
import { type Rehearsal, startRehearsal } from "../../src/lib/rehearsal/rehearsal.ts";
import { run, start, until } from "../e2e/cli.ts";

const workflow = `
on: workflow_dispatch
jobs:
  wait:
    runs-on: [modal]
    steps:
      - run: until [ -e "$RELEASE" ]; do sleep 0.1; done
        env: { RELEASE: "@@" }
`;

const others = { fleet: "prod", fleets: { prod: { githubAppId: "7", webhookUrl: "https://prod.example/webhook" } } };

let fleet: Rehearsal;
let home: string;
let env: Record<string, string>;
const release = () => writeFile(join(home, "release"), "");

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "destroy-cli-"));
  await mkdir(join(home, "repo", ".github", "workflows"), { recursive: true });
  const file = join(home, "repo", ".github", "workflows", "ci.yml");
  await writeFile(file, workflow.replace("@@", join(home, "release")));
  fleet = await startRehearsal({ repositoryDirectory: join(home, "repo"), repository: "sample" });
  env = { ...fleet.env, XDG_CONFIG_HOME: home };
  const { client, close } = await openModal({ tokenId: fleet.modal.tokenId, tokenSecret: fleet.modal.tokenSecret });
  await writeSecret(client, "rehearsal", { MODAL_GHA_APP_ID: "1" });
  close();
  await mkdir(join(home, "modal-gha"));
  // The operator's own fleet is meant unless a policy is another's, as that of the rehearsal is.
  const fleets = { ...others.fleets, rehearsal: { policyFile: fleet.env["MODAL_GHA_POLICY"] } };
  await writeFile(join(home, "modal-gha", "config.json"), JSON.stringify({ ...others, fleets }));
  await writeFile(join(home, "modal-gha", "rehearsal.private-key.pem"), "key");
  await writeFile(join(home, "modal-gha", "prod.private-key.pem"), "key");
  await fleet.github.trigger({ repository: "sample", event: "workflow_dispatch" });
  await until("a job that runs", () => fleet.github.state().jobs.some(({ status }) => status === "in_progress"));
});

afterAll(async () => {
  await fleet?.close();
  await rm(home, { recursive: true, force: true });
});

const job = () => fleet.github.state().jobs[0]!;

it("only lists with --dry-run", async () => {
  const { code, stdout } = await run(["destroy", "--dry-run"], env);
  expect(code).toBe(0);
  expect(stdout).toMatch(/Of fleet rehearsal this would be removed\.\n\n.*Sandboxes/);
  expect(stdout).toMatch(new RegExp(`Jobs that run now:\n  job ${job().id} of acme/sample on cpu-`));
  expect(stdout).toMatch(/Left alone:\n[\s\S]*image modal-gha-runner:latest: modal-gha did not build it/);
  const { stdout: json } = await run(["destroy", "--dry-run", "--json"], env);
  const report = JSON.parse(json) as DestroyReport;
  expect(report).toMatchObject({ fleet: "rehearsal", isPreview: true, removed: [], left: [] });
  expect(report.found.map(({ kind }) => kind)).toEqual(["sandbox", "app", "secret"]);
  expect(fleet.modal.running()).toHaveLength(1);
});

it("refuses while a job runs, and names it", async () => {
  const { code, stdout, stderr } = await run(["destroy", "--yes"], env);
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/1 job runs on fleet rehearsal, so nothing was removed/);
  expect(stderr).toMatch(new RegExp(`job ${job().id} \\(wait\\) of acme/sample on cpu-`));
  expect(stderr).toMatch(/--drain[\s\S]*--force/);
  expect(fleet.modal.running()).toHaveLength(1);
});

it("refuses with --modal-only while there are runners, since only GitHub knows which have jobs", async () => {
  const { code, stderr } = await run(["destroy", "--modal-only", "--yes"], env);
  expect(code).toBe(1);
  expect(stderr).toMatch(/Jobs that may run now:\n {2}job \d+ of acme\/sample on cpu-/);
  expect(stderr).toMatch(/1 runner may have a job on fleet rehearsal, .*so nothing was removed/);
  expect(stderr).toContain("modal-gha destroy --modal-only --force");
  expect(fleet.modal.running()).toHaveLength(1);
});

it("does nothing without --yes where nobody can be asked", async () => {
  const { code, stderr } = await run(["destroy", "--force"], env);
  expect(code).toBe(2);
  expect(stderr).toMatch(/--yes/);
  expect(fleet.modal.running()).toHaveLength(1);
});

it("takes no timeout that is none, nor both ways at once", async () => {
  expect((await run(["destroy", "--drain", "--timeout", "soon"], env)).code).toBe(2);
  expect((await run(["destroy", "--drain", "--force"], env)).code).toBe(2);
});

it("ends with exit code 8 when the jobs were not over in time", async () => {
  const { code, stdout } = await run(["destroy", "--drain", "--timeout", "1s", "--yes", "--json"], env);
  expect(code).toBe(8);
  expect(JSON.parse(stdout)).toMatchObject({ busy: [{ job: job().id, repository: "acme/sample" }], left: [] });
  expect(fleet.modal.running()).toHaveLength(1);
});

it("drains, removes the fleet and what init kept here, and then finds nothing", async () => {
  const draining = start(["destroy", "--drain", "--yes", "--local"], env);
  await until("the wait", () => draining.stderr().includes("Waiting for jobs to end"));
  await release();
  const { code, stdout, stderr } = await draining.ended;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stdout).toMatch(/^Fleet rehearsal is gone: \d+ things removed\./);
  expect(stdout).toMatch(/settings\/apps\/acme-runners\/advanced/);
  expect(job().conclusion).toBe("success");
  expect(fleet.modal.running()).toEqual([]);
  expect(fleet.github.state().runners).toEqual([]);
  expect(JSON.parse(await readFile(join(home, "modal-gha", "config.json"), "utf8"))).toEqual(others);
  expect(existsSync(join(home, "modal-gha", "rehearsal.private-key.pem"))).toBe(false);
  expect(existsSync(join(home, "modal-gha", "prod.private-key.pem"))).toBe(true);
  expect(existsSync(fleet.env["MODAL_GHA_POLICY"]!)).toBe(true);

  const again = await run(["destroy", "--yes"], env);
  expect(again.code).toBe(0);
  expect(again.stdout).toMatch(/^Nothing of fleet rehearsal is left\./);
});
