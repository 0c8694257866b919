// Self-hosted runners of the organization and of repositories: registrations, JIT configurations, releases.
import type { Context, Hono } from "hono";
import { z } from "zod";
import { organizationFor, repositoryFor } from "../authentication.ts";
import { readBody } from "../body.ts";
import type { ApiEnv, GitHub } from "../context.ts";
import { conflict, GitHubError, notFound, unprocessable } from "../errors.ts";
import { newJitRunner } from "../jit-config.ts";
import type { Repository, Runner, RunnerGroup } from "../model.ts";
import { page } from "../pagination.ts";
import { runnerDownloads, runnerResponse } from "../responses/runners.ts";
import { hostedGroupId } from "../store.ts";

const jitBody = z.object({
  name: z.string().min(1).max(64),
  runner_group_id: z.number().int(),
  labels: z.array(z.string().min(1)).min(1).max(100),
  work_folder: z.string().default("_work"),
});

const day = 24 * 3_600_000;
/** Days from a version's deprecation notice until it gets no more jobs; observed were 62 to 70. */
const deprecationDays = 65;

export function addRunnerRoutes(api: Hono<ApiEnv>, github: GitHub): void {
  addScope(api, github, "/orgs/:org", (context, level) => {
    organizationFor(github, context, { permission: "organization_self_hosted_runners", level });
    return undefined;
  });
  addScope(api, github, "/repos/:owner/:repo", (context, level) =>
    repositoryFor(github, context, { permission: "administration", level }),
  );
}

/** The same endpoints under an organization (whose runners have no repository) and under a repository. */
function addScope(
  api: Hono<ApiEnv>,
  github: GitHub,
  prefix: string,
  scopeOf: (context: Context<ApiEnv>, level: "read" | "write") => Repository | undefined,
): void {
  const { engine, store } = github;
  const base = `${prefix}/actions/runners`;
  const shown = (runner: Runner) =>
    runnerResponse(runner, { online: engine.sessions.online(runner), busy: engine.busy(runner) });
  const find = (context: Context<ApiEnv>, level: "read" | "write"): Runner => {
    const scope = scopeOf(context, level);
    const runner = store.runners.get(Number(context.req.param("runner")));
    if (!runner || runner.repository !== scope) throw notFound();
    return runner;
  };

  api.get(base, (context) => {
    const name = context.req.query("name");
    const runners = store
      .runnersOf(scopeOf(context, "read"))
      .filter((runner) => name === undefined || runner.name === name);
    return context.json({ total_count: runners.length, runners: page(context, runners).map(shown) });
  });

  api.get(`${base}/downloads`, (context) => {
    scopeOf(context, "read");
    return context.json(runnerDownloads());
  });

  api.get(`${base}/deprecations/:version`, (context) => {
    scopeOf(context, "read");
    const version = context.req.param("version") ?? "";
    const deprecated = github.deprecatedRunnerVersions.includes(version);
    const from = deprecated ? github.clock().getTime() - day : store.startedAt.getTime() + deprecationDays * day;
    return context.json({ runner_version: version, runtime_deprecates_at: new Date(from).toISOString() });
  });

  api.post(`${base}/generate-jitconfig`, async (context) => {
    const repository = scopeOf(context, "write");
    const body = await readBody(context, jitBody);
    const group = groupFor(body.runner_group_id, store.groups);
    github.rateLimits.register(repository ? String(repository.id) : "organization", context.get("requestId"));
    const { name, labels, work_folder: workFolder } = body;
    const request = { name, labels, group, workFolder, repository };
    const { runner, encodedJitConfig } = await newJitRunner(request, github);
    // Looked at last, after the wait for the key: of two requests for one name, one must lose.
    if (store.runnersOf(repository).some((each) => each.name === name)) {
      throw conflict(`Already exists - A runner with the name ${name} already exists.`);
    }
    engine.register(runner);
    return context.json({ runner: shown(runner), encoded_jit_config: encodedJitConfig }, 201);
  });

  api.get(`${base}/:runner`, (context) => context.json(shown(find(context, "read"))));

  api.delete(`${base}/:runner`, (context) => {
    const runner = find(context, "write");
    if (engine.busy(runner)) throw unprocessable(`Bad request - Runner "${runner.name}" is still running a job"`);
    engine.remove(runner);
    return context.body(null, 204);
  });
}

function groupFor(id: number, groups: readonly RunnerGroup[]): RunnerGroup {
  if (id === hostedGroupId)
    throw new GitHubError(403, "Runners cannot be added to the group of GitHub-hosted runners.");
  const group = groups.find((each) => each.id === id);
  if (!group) throw notFound();
  return group;
}
