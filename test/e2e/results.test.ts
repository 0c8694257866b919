// What every command really prints under --json, against a fleet on this machine, held to the schemas that are shipped.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Octokit } from "@octokit/rest";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import manifest from "../../oclif.manifest.json" with { type: "json" };
import { schemaFile } from "../../scripts/contract/schemas.ts";
import type { ListedJob } from "../../src/lib/operations/list-jobs.ts";
import { packageFile } from "../../src/lib/package-root.ts";
import type { DevAnnouncement } from "../../src/lib/rehearsal/dev-registry.ts";
import { type Run, type RunningCli, run, start, until } from "./cli.ts";

const workflow = `
on:
  workflow_dispatch:
    inputs: { gate: { required: true } }
jobs:
  wait:
    runs-on: modal
    steps: [{ run: 'until [ -e "\${{ inputs.gate }}" ]; do sleep 0.05; done' }]
  fail:
    runs-on: modal
    steps: [{ run: echo before }, { run: exit 3 }, { run: echo never }]
  nowhere:
    runs-on: no-such-label
    steps: [{ run: echo never }]
`;

let scratch: string;
let home: Record<string, string>;
let dev: RunningCli;
let announced: DevAnnouncement;
let env: Record<string, string>;
let octokit: Octokit;
/** Jobs by name. */
let jobs: Record<string, number>;
const checked = new Set<string>();

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
const validators = new Map<string, ReturnType<typeof ajv.compile>>();
function check(name: string, value: unknown): void {
  const file = packageFile("schemas", name);
  const validate = validators.get(name) ?? ajv.compile(JSON.parse(readFileSync(file, "utf8")));
  validators.set(name, validate);
  const isValid = validate(value);
  expect(validate.errors ?? [], JSON.stringify(value)).toEqual([]);
  expect(isValid).toBe(true);
}

/** Runs a command with --json, and holds what it prints to its schema. */
async function result(command: string, args: string[] = [], more: Record<string, string> = {}): Promise<Run> {
  const ended = await run([...command.split(" "), ...args, "--json"], { ...home, ...env, ...more });
  const id = command.replaceAll(" ", ":");
  expect(ended.stdout, `${command} ${args.join(" ")}\n${ended.stderr}`).not.toBe("");
  if (id === "logs") for (const line of ended.stdout.trim().split("\n")) check(schemaFile(id), JSON.parse(line));
  else check(schemaFile(id), JSON.parse(ended.stdout));
  checked.add(id);
  return ended;
}

const parsed = async (command: string, ...args: string[]) => JSON.parse((await result(command, args)).stdout);

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "results-test-"));
  const repository = join(scratch, "app");
  mkdirSync(join(repository, ".github", "workflows"), { recursive: true });
  writeFileSync(join(repository, ".github", "workflows", "wait.yml"), workflow);
  home = {
    ...{ TMPDIR: scratch, HOME: scratch },
    ...{ XDG_STATE_HOME: join(scratch, "state"), XDG_CONFIG_HOME: join(scratch, "config") },
  };
  dev = start(["dev", repository, "--json"], home);
  announced = JSON.parse(await dev.untilStdout(/\n/)) as DevAnnouncement;
  env = announced.env;
  octokit = new Octokit({ baseUrl: announced.githubUrl, auth: env["GITHUB_TOKEN"] });
  const place = { owner: announced.owner, repo: announced.repository };
  const inputs = { gate: join(scratch, "gate") };
  await octokit.actions.createWorkflowDispatch({ ...place, workflow_id: "wait.yml", ref: "main", inputs });
  jobs = await until("one job runs and one has failed", async () => {
    const { data } = await octokit.actions.listWorkflowRunsForRepo(place);
    const run_id = data.workflow_runs[0]?.id;
    if (run_id === undefined) return undefined;
    const { jobs: all } = (await octokit.actions.listJobsForWorkflowRun({ ...place, run_id })).data;
    const of = (name: string) => all.find((job) => job.name === name);
    const isReady = of("wait")?.status === "in_progress" && of("fail")?.status === "completed";
    return isReady ? Object.fromEntries(all.map(({ name, id }) => [name, id])) : undefined;
  });
});

afterAll(async () => {
  dev.child.kill("SIGINT");
  await dev.ended;
  rmSync(scratch, { recursive: true, force: true });
});

describe("what is printed under --json is as its schema says:", () => {
  it("dev, and dev env", async () => {
    check(schemaFile("dev"), announced);
    checked.add("dev");
    await result("dev env");
    const empty = start(["dev", "--empty", "--json"], { ...home, XDG_STATE_HOME: join(scratch, "other-state") });
    check(schemaFile("dev"), JSON.parse(await empty.untilStdout(/\n/)));
    empty.child.kill("SIGINT");
    await empty.ended;
  });

  it("completion", async () => {
    await result("completion", ["zsh"]);
  });

  it("config", async () => {
    await result("config path");
    await result("config set", ["githubAppId", "1"]);
    await result("config set", ["--fleet", "staging", "policyFile", "/p.yaml"]);
    await result("config get");
    await result("config get", ["githubAppId", "--fleet", "staging"]);
    await result("config get", ["githubWebUrl"]);
    expect(await parsed("config fleets")).toHaveLength(1);
    await result("config unset", ["githubAppId"]);
    await result("config unset", ["--fleet", "staging", "--all"]);
    await result("config validate");
    const policy = join(scratch, "other.yaml");
    writeFileSync(policy, "fleet: other\ngithub: { owner: acme }\npools: [{ name: cpu, labels: [ubuntu-latest] }]\n");
    expect((await parsed("config validate", policy)).warnings).not.toEqual([]);
    const { differences } = await parsed("config diff", policy);
    expect(differences.length).toBeGreaterThan(3);
    writeFileSync(policy, "flet: other\n");
    expect((await parsed("config validate", policy)).faults).not.toEqual([]);
  });

  it("runners ls, kill --dry-run and prune, reconcile, usage", async () => {
    expect((await parsed("runners ls")).length).toBeGreaterThan(0);
    expect(await parsed("runners kill", String(jobs["wait"]), "--dry-run")).toMatchObject([{ jobName: "wait" }]);
    await result("runners prune", ["--dry-run"]);
    await result("runners prune", ["--yes"]);
    await result("reconcile", ["--dry-run"]);
    await result("reconcile");
    for (const by of ["repo", "pool", "workflow", "job"]) await result("usage", ["--by", by]);
    await result("usage", ["--since", "2001-01-01"]);
  });

  it("logs, live and afterwards, of a job and of a run", async () => {
    const { stdout } = await result("logs", [String(jobs["fail"])]);
    expect(stdout).toContain('"step-result"');
  });

  it("spawn", async () => {
    const nowhere = await parsed("spawn", "--job", String(jobs["nowhere"]));
    expect(nowhere).toMatchObject({ isProvided: false, reason: "ignore:no-pool-matches" });
  });

  it("jobs ls, and explain of jobs in every state, and of labels", async () => {
    const listed = (await parsed("jobs ls", "--all", "--since", "1d")) as ListedJob[];
    const states = new Set(listed.map(({ state }) => state));
    expect([...states].sort()).toEqual(["finished", "queued", "running"]);
    for (const { job } of listed) await result("explain", [String(job)]);
    await result("explain", ["--labels", "modal", "--repo", "app"]);
    await result("explain", ["--labels", "nowhere", "--repo", "acme/other"]);
  });

  it("deliveries ls and redeliver", async () => {
    await result("deliveries ls");
    const [delivery] = await parsed("deliveries ls", "--event", "workflow_job", "--decisions");
    await result("deliveries redeliver", [delivery.id]);
  });

  it("image build and ls", async () => {
    await result("image build");
    expect((await parsed("image ls")).length).toBeGreaterThan(0);
  });

  it("doctor, well and broken", async () => {
    expect((await parsed("doctor")).filter(({ status }: { status: string }) => status === "fail")).toEqual([]);
    expect(await parsed("doctor", "--check", "modal")).toMatchObject([{ id: "modal", status: "ok" }]);
    const { code } = await result("doctor", ["--policy", "none"]);
    expect(code).toBe(1);
  });

  it("runners kill", async () => {
    expect(await parsed("runners kill", String(jobs["wait"]), "--force", "--yes")).toMatchObject([
      { result: "killed" },
    ]);
  });

  it("demo", async () => {
    await result("demo");
  });

  it("destroy", async () => {
    expect((await parsed("destroy", "--dry-run")).found.length).toBeGreaterThan(0);
    expect((await parsed("destroy", "--force", "--yes")).removed.length).toBeGreaterThan(0);
  });

  it("and so is every error", async () => {
    for (const args of [
      ["runners", "ls", "--state", "x"],
      ["nosuch"],
      ["logs", "1"],
      ["destroy", "--policy", "none"],
    ]) {
      const { code, stdout } = await run([...args, "--json"], { ...home, ...env });
      expect(code).not.toBe(0);
      check("error.json", JSON.parse(stdout));
    }
  });

  it("for every command there is", () => {
    // Those that set a fleet up are held to theirs where they are tested.
    const elsewhere = ["deploy", "init"];
    const withJson = Object.values(manifest.commands).filter(
      ({ enableJsonFlag, id }) => enableJsonFlag && !elsewhere.includes(id),
    );
    expect([...checked].sort()).toEqual(withJson.map(({ id }) => id).sort());
  });
});
