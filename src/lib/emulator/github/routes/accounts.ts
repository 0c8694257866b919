// Users, organizations and repositories, and the archive of a repository.
import type { components } from "@octokit/openapi-types";
import type { Hono } from "hono";
import { organizationFor, repositoryFor } from "../authentication.ts";
import type { ApiEnv, GitHub } from "../context.ts";
import { notAccessible, notFound, requiresAuthentication } from "../errors.ts";
import { page } from "../pagination.ts";
import { organizationFull, publicUser } from "../responses/accounts.ts";
import { fullRepository, minimalRepository, repositoryResponse } from "../responses/repositories.ts";
import { headSha, tarball } from "../working-tree.ts";

type Schemas = components["schemas"];

export function addAccountRoutes(api: Hono<ApiEnv>, { store, urls }: GitHub): void {
  api.get("/user", (context) => {
    const caller = context.get("caller");
    if (caller.kind === "anonymous") throw requiresAuthentication();
    if (caller.kind !== "user") throw notAccessible();
    return context.json(publicUser(caller.account, store.startedAt, urls));
  });

  api.get("/user/repos", (context) => {
    const caller = context.get("caller");
    if (caller.kind === "anonymous") throw requiresAuthentication();
    if (caller.kind !== "user") throw notAccessible();
    const { rights } = caller;
    const seesPrivate = !("scopes" in rights) || rights.scopes.includes("repo");
    const visible = store.repositories.filter((repository) => seesPrivate || !repository.private);
    return context.json(page(context, visible).map((repository) => repositoryResponse(repository, urls)));
  });

  api.get("/users/:username", (context) => {
    const account = store.account(context.req.param("username"));
    if (!account) throw notFound();
    return context.json(publicUser(account, store.startedAt, urls));
  });
}

export function addRepositoryRoutes(api: Hono<ApiEnv>, github: GitHub): void {
  const { store, urls } = github;

  api.get("/orgs/:org", (context) => {
    const organization = organizationFor(github, context);
    return context.json(organizationFull(organization, store.repositories, store.startedAt, urls));
  });

  api.get("/orgs/:org/repos", (context) => {
    organizationFor(github, context);
    const caller = context.get("caller");
    const visible = store.repositories.filter((repository) => {
      if (caller.kind === "user") return true;
      if (caller.kind !== "installation") return !repository.private;
      return !caller.repositories || caller.repositories.includes(repository);
    });
    return context.json(page(context, visible).map((repository) => minimalRepository(repository, urls)));
  });

  api.get("/installation/repositories", (context) => {
    const caller = context.get("caller");
    if (caller.kind !== "installation") throw notAccessible();
    const all = caller.repositories ?? store.repositories;
    const repositories: Schemas["repository"][] = page(context, all).map((each) => repositoryResponse(each, urls));
    const selection = caller.repositories ? "selected" : "all";
    return context.json({ total_count: all.length, repository_selection: selection, repositories });
  });

  api.get("/repos/:owner/:repo", (context) => context.json(fullRepository(repositoryFor(github, context), urls)));

  api.get("/repos/:owner/:repo/tarball/:ref{.+}?", async (context) => {
    const { owner, name, directory } = repositoryFor(github, context, { permission: "contents", level: "read" });
    const sha = await headSha(directory);
    const top = `${owner.login}-${name}-${sha.slice(0, 7)}`;
    return context.body(await tarball(directory, top), 200, {
      "Content-Type": "application/x-gzip",
      "Content-Disposition": `attachment; filename=${top}.tar.gz`,
    });
  });
}
