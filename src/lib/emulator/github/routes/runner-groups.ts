// Runner groups of the organization: which repositories may use the runners in them.
import type { Context, Hono } from "hono";
import { z } from "zod";
import { organizationFor } from "../authentication.ts";
import { readBody } from "../body.ts";
import type { ApiEnv, GitHub } from "../context.ts";
import { conflict, notFound } from "../errors.ts";
import type { Repository, RunnerGroup } from "../model.ts";
import { page } from "../pagination.ts";
import { minimalRepository } from "../responses/repositories.ts";
import { runnerGroupResponse } from "../responses/runners.ts";

const change = z.object({
  name: z.string().min(1).optional(),
  visibility: z.enum(["selected", "all", "private"]).optional(),
  allows_public_repositories: z.boolean().optional(),
});
const creation = change.extend({ name: z.string().min(1), selected_repository_ids: z.array(z.number()).optional() });
const selection = z.object({ selected_repository_ids: z.array(z.number()) });

/** docs.github.com/rest/actions/self-hosted-runner-groups, but for groups' runners and workflows. */
export function addRunnerGroupRoutes(api: Hono<ApiEnv>, github: GitHub): void {
  const { store, urls, engine } = github;
  const base = "/orgs/:org/actions/runner-groups";
  const organizationOf = (context: Context<ApiEnv>, level: "read" | "write") =>
    organizationFor(github, context, { permission: "organization_self_hosted_runners", level });
  const find = (context: Context<ApiEnv>): RunnerGroup => {
    const group = store.groups.find(({ id }) => String(id) === context.req.param("group"));
    if (!group) throw notFound();
    return group;
  };
  const repositoriesOf = (ids: readonly number[] | undefined): Set<Repository> => {
    const wanted = new Set(ids);
    return new Set(store.repositories.filter(({ id }) => wanted.has(id)));
  };
  const apply = (group: RunnerGroup, wish: z.infer<typeof change>) => {
    group.name = wish.name ?? group.name;
    group.visibility = wish.visibility ?? group.visibility;
    group.allowsPublicRepositories = wish.allows_public_repositories ?? group.allowsPublicRepositories;
  };

  api.get(base, (context) => {
    const organization = organizationOf(context, "read");
    const shown = page(context, store.groups).map((group) => runnerGroupResponse(group, organization, urls));
    return context.json({ total_count: store.groups.length, runner_groups: shown });
  });

  api.post(base, async (context) => {
    const organization = organizationOf(context, "write");
    const wish = await readBody(context, creation);
    if (store.groups.some(({ name }) => name.toLowerCase() === wish.name.toLowerCase())) {
      throw conflict(`Runner group ${wish.name} already exists.`);
    }
    const group = store.addGroup(wish.name);
    apply(group, wish);
    group.repositories = repositoriesOf(wish.selected_repository_ids);
    return context.json(runnerGroupResponse(group, organization, urls), 201);
  });

  api.get(`${base}/:group`, (context) => {
    const organization = organizationOf(context, "read");
    return context.json(runnerGroupResponse(find(context), organization, urls));
  });

  api.patch(`${base}/:group`, async (context) => {
    const organization = organizationOf(context, "write");
    const group = find(context);
    apply(group, await readBody(context, change));
    engine.groupsChanged();
    return context.json(runnerGroupResponse(group, organization, urls));
  });

  api.get(`${base}/:group/repositories`, (context) => {
    organizationOf(context, "read");
    const all = [...find(context).repositories];
    const repositories = page(context, all).map((each) => minimalRepository(each, urls));
    return context.json({ total_count: all.length, repositories });
  });

  api.put(`${base}/:group/repositories`, async (context) => {
    organizationOf(context, "write");
    const group = find(context);
    group.repositories = repositoriesOf((await readBody(context, selection)).selected_repository_ids);
    engine.groupsChanged();
    return context.body(null, 204);
  });
}
