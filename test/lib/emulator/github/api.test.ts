import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { buildWorkflow, directoryOf, emulatorWith, octokitOf, repo } from "./harness.ts";

const run = promisify(execFile);

describe("workflows", () => {
  test("are the files of the directory, under the names they give themselves", async () => {
    const directory = await directoryOf({
      ".github/workflows/ci.yml": buildWorkflow,
      ".github/workflows/broken.yaml": "jobs: [",
      ".github/workflows/readme.md": "",
    });
    const github = await emulatorWith("", { repositories: [{ name: "widgets", directory }] });
    const { actions } = octokitOf(github);
    const { data } = await actions.listRepoWorkflows(repo);
    expect(data.workflows).toMatchObject([
      { name: ".github/workflows/broken.yaml", path: ".github/workflows/broken.yaml" },
      { name: "CI", path: ".github/workflows/ci.yml", state: "active" },
    ]);
    const { data: same } = await actions.getWorkflow({ ...repo, workflow_id: "ci.yml" });
    expect(same.id).toBe(data.workflows[1]!.id);
    await github.trigger({ repository: "widgets", event: "push" });
    const runsOf = (workflow_id: string) => actions.listWorkflowRuns({ ...repo, workflow_id });
    expect((await runsOf("ci.yml")).data.total_count).toBe(1);
    await expect(runsOf("none.yml")).rejects.toMatchObject({ status: 404 });
    expect(github.state().runs).toMatchObject([{ conclusion: "startup_failure" }, { status: "queued" }]);
  });

  test("are dispatched with inputs, and say which run that made", async () => {
    const github = await emulatorWith(`
name: Deploy
run-name: Deploy to \${{ inputs.target }}
on:
  workflow_dispatch:
    inputs:
      target: { type: choice, options: [dev, prod], required: true }
jobs:
  deploy: { runs-on: [modal], steps: [{ run: "true" }] }
`);
    const octokit = octokitOf(github);
    const dispatch = (body: object) =>
      octokit.request("POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches", {
        ...{ ...repo, workflow_id: "ci.yml", ref: "main" },
        ...body,
      });
    const { status, data } = await dispatch({ inputs: { target: "dev" }, return_run_details: true });
    expect(status).toBe(200);
    const { data: made } = await octokit.actions.getWorkflowRun({ ...repo, run_id: Number(data.workflow_run_id) });
    expect(made).toMatchObject({ display_title: "Deploy to dev", event: "workflow_dispatch", run_number: 1 });

    const refused = (message: string) => ({
      status: 422,
      response: { data: { message: expect.stringContaining(message) } },
    });
    await expect(dispatch({})).rejects.toMatchObject(refused("Required input 'target' not provided"));
    const inputs = { target: "dev", other: 1 };
    await expect(dispatch({ inputs })).rejects.toMatchObject(refused('Unexpected inputs provided: ["other"]'));
    await expect(dispatch({ ref: "nowhere" })).rejects.toMatchObject(refused("No ref found for: nowhere"));
    await expect(dispatch({ ref: undefined })).rejects.toMatchObject(refused(`"ref" wasn't supplied.`));
    await expect(dispatch({ workflow_id: "none.yml" })).rejects.toMatchObject({ status: 404 });
  });

  test("without that trigger cannot be dispatched", async () => {
    const github = await emulatorWith(`on: push\njobs: { a: { runs-on: [modal], steps: [{ run: "true" }] } }`);
    const dispatched = octokitOf(github).actions.createWorkflowDispatch({
      ...repo,
      workflow_id: "ci.yml",
      ref: "main",
    });
    await expect(dispatched).rejects.toMatchObject({
      status: 422,
      response: { data: { message: "Workflow does not have 'workflow_dispatch' trigger" } },
    });
  });
});

describe("runs", () => {
  test("are filtered, and paged newest first", async () => {
    const github = await emulatorWith(buildWorkflow);
    const octokit = octokitOf(github);
    for (const event of ["push", "pull_request", "push"] as const)
      await github.trigger({ repository: "widgets", event });
    const push = { ...repo, event: "push" };
    const { data } = await octokit.actions.listWorkflowRunsForRepo({ ...push, status: "queued", branch: "main" });
    expect(data.workflow_runs.map((each) => each.run_number)).toEqual([3, 1]);
    const all = await octokit.paginate(octokit.actions.listWorkflowRunsForRepo, { ...repo, per_page: 2 });
    expect(all.map((each) => each.run_number)).toEqual([3, 2, 1]);
    const { headers } = await octokit.actions.listWorkflowRunsForRepo({ ...repo, per_page: 1, page: 2 });
    expect(headers.link!.match(/rel="\w+"/g)).toEqual(['rel="prev"', 'rel="first"', 'rel="next"', 'rel="last"']);
    expect((await octokit.actions.listWorkflowRunsForRepo({ ...repo, branch: "x" })).data.total_count).toBe(0);
  });
});

describe("the rest", () => {
  test("what is not there is answered in GitHub's words", async () => {
    const github = await emulatorWith(buildWorkflow);
    const octokit = octokitOf(github);
    for (const path of ["/nowhere", "/repos/acme/nothing", "/repos/acme/widgets/actions/runs/1", "/orgs/octocat"]) {
      await expect(octokit.request(`GET ${path}`)).rejects.toMatchObject({
        status: 404,
        response: { data: { message: "Not Found", documentation_url: "https://docs.github.com/rest", status: "404" } },
      });
    }
  });

  test("a reply can be lost by the seam for faults, after its work was done", async () => {
    const github = await emulatorWith(buildWorkflow, {
      async intercept(request, answer) {
        const response = await answer();
        return request.url.endsWith("/generate-jitconfig") ? new Response(null, { status: 502 }) : response;
      },
    });
    const { actions } = octokitOf(github);
    const request = { org: "acme", name: "one", runner_group_id: 1, labels: ["modal"] };
    await expect(actions.generateRunnerJitconfigForOrg(request)).rejects.toMatchObject({ status: 502 });
    expect((await actions.listSelfHostedRunnersForOrg({ org: "acme" })).data.runners).toMatchObject([{ name: "one" }]);
  });

  test("accounts and repositories", async () => {
    const octokit = octokitOf(await emulatorWith(buildWorkflow));
    expect((await octokit.orgs.get({ org: "acme" })).data).toMatchObject({ login: "acme", type: "Organization" });
    expect((await octokit.repos.listForOrg({ org: "acme" })).data).toMatchObject([{ full_name: "acme/widgets" }]);
    expect((await octokit.repos.get(repo)).data).toMatchObject({
      default_branch: "main",
      organization: { login: "acme" },
    });
    expect((await octokit.meta.get()).data.verifiable_password_authentication).toBe(false);
  });

  test("the archive of a git repository leaves out what git ignores", async () => {
    const directory = await directoryOf({
      ".github/workflows/ci.yml": buildWorkflow,
      ".gitignore": "secret.env\n",
      "src/main.ts": "tracked",
      "src/gone.ts": "tracked, and deleted since",
      "secret.env": "not to be seen",
      "new file.txt": "not added yet",
    });
    const git = (...args: string[]) =>
      run("git", ["-C", directory, "-c", "user.name=t", "-c", "user.email=t@example.com", ...args]);
    await git("init", "--quiet");
    await git("add", "src", ".gitignore");
    await git("commit", "--quiet", "--message", "first");
    await rm(join(directory, "src/gone.ts"));
    const sha = (await git("rev-parse", "HEAD")).stdout.trim();

    const github = await emulatorWith("", { repositories: [{ name: "widgets", directory }] });
    const { data } = await octokitOf(github).repos.downloadTarballArchive({ ...repo, ref: "refs/heads/main" });
    const folder = await mkdtemp(join(tmpdir(), "unpacked-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, "a.tar.gz"), Buffer.from(data as ArrayBuffer));
    await run("tar", ["-xzf", join(folder, "a.tar.gz"), "-C", folder]);
    const top = join(folder, `acme-widgets-${sha.slice(0, 7)}`);
    expect(await readFile(join(top, "src/main.ts"), "utf8")).toBe("tracked");
    expect(await readFile(join(top, "new file.txt"), "utf8")).toBe("not added yet");
    await expect(readFile(join(top, "secret.env"))).rejects.toMatchObject({ code: "ENOENT" });
    await github.trigger({ repository: "widgets", event: "push" });
    const { data: runs } = await octokitOf(github).actions.listWorkflowRunsForRepo({ ...repo, head_sha: sha });
    expect(runs.total_count).toBe(1);
  });
});
