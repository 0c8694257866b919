// Finds out who makes a REST request, and holds each endpoint to what that caller may do.
import type { Context, MiddlewareHandler } from "hono";
import { looksLikeJwt, undecodable, verifyAppJwt } from "./app-jwt.ts";
import type { ApiEnv, GitHub } from "./context.ts";
import { badCredentials, GitHubError, notAccessible, notFound, requiresAuthentication, suspended } from "./errors.ts";
import type { Account, App, Permissions, Repository } from "./model.ts";
import type { Caller } from "./tokens.ts";

/** Puts the caller into the request's variables; 401 for credentials that are wrong or expired, whatever the path. */
export function authenticate(github: GitHub): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    context.set("caller", await callerOf(context.req.header("authorization"), github));
    await next();
  };
}

async function callerOf(header: string | undefined, github: GitHub): Promise<Caller> {
  if (!header) return { kind: "anonymous" };
  const token = secretOf(header);
  if (token === undefined) throw badCredentials();
  if (token === github.tokens.personal) {
    return { kind: "user", account: github.store.user, rights: github.tokens.personalRights };
  }
  const issued = github.tokens.find(token);
  if (issued?.app?.installation?.suspended) throw suspended();
  if (issued) return { kind: "installation", ...issued };
  if (!looksLikeJwt(token)) throw badCredentials();
  return { kind: "app", app: await verifyAppJwt(token, github.apps, github.clock()) };
}

/** The token of `bearer …`, `token …`, or the password of `basic …`, as git sends it. */
function secretOf(header: string): string | undefined {
  const [, scheme, value] = /^(\w+)\s+(\S+)\s*$/.exec(header) ?? [];
  if (!scheme || !value) return undefined;
  if (scheme.toLowerCase() !== "basic") return value;
  return Buffer.from(value, "base64").toString().split(":")[1];
}

/** For endpoints that only a GitHub App itself may use, by JWT. */
export function requireApp(context: Context<ApiEnv>): App {
  const caller = context.get("caller");
  if (caller.kind !== "app") throw undecodable();
  return caller.app;
}

type Need = { permission: keyof Permissions; level: "read" | "write" };

/**
 * The repository that the path names, if the caller may see it and has the permission there.
 * @throws GitHubError 404 when it is unknown or hidden from the caller, 401 or 403 when it is seen but not allowed.
 */
export function repositoryFor(github: GitHub, context: Context<ApiEnv>, need?: Need): Repository {
  const caller = context.get("caller");
  const repository = github.store.repository(context.req.param("owner") ?? "", context.req.param("repo") ?? "");
  if (!repository || !mayRead(caller, repository)) throw notFound();
  // Anyone reads the runs and jobs of a public repository; all else takes a permission.
  const open = !need || (need.level === "read" && need.permission !== "administration" && !repository.private);
  if (!open) requirePermission(caller, need);
  return repository;
}

/** The organization that the path names. @throws GitHubError 404, 401 or 403 */
export function organizationFor(github: GitHub, context: Context<ApiEnv>, need?: Need): Account {
  const organization = github.store.account(context.req.param("org") ?? "");
  if (organization?.type !== "Organization") throw notFound();
  if (need) requirePermission(context.get("caller"), need);
  return organization;
}

function mayRead(caller: Caller, repository: Repository): boolean {
  if (caller.kind === "user") {
    return !("scopes" in caller.rights) || caller.rights.scopes.includes("repo") || !repository.private;
  }
  if (caller.kind === "installation" && caller.repositories) {
    return caller.repositories.includes(repository) || !repository.private;
  }
  return caller.kind === "installation" || !repository.private;
}

/** Scopes of a classic token, any of which will do; docs of each endpoint under "OAuth app tokens and personal access tokens (classic)". */
const scopesFor: { [permission in keyof Permissions]?: readonly string[] } = {
  organization_self_hosted_runners: ["admin:org"],
  organization_hooks: ["admin:org_hook"],
  repository_hooks: ["repo", "admin:repo_hook"],
};

function requirePermission(caller: Caller, need: Need): void {
  if (caller.kind === "anonymous") throw requiresAuthentication();
  if (caller.kind === "user" && "scopes" in caller.rights) {
    const accepted = scopesFor[need.permission] ?? ["repo"];
    const { scopes } = caller.rights;
    if (accepted.some((scope) => scopes.includes(scope))) return;
    // Webhooks are hidden from who may not see them.
    throw need.permission.endsWith("_hooks")
      ? notFound()
      : new GitHubError(403, "Must have admin rights to Repository.");
  }
  const held = permissionsOf(caller)[need.permission];
  if (held !== undefined && (need.level === "read" || held !== "read")) return;
  throw notAccessible(caller.kind === "user" ? "personal access token" : "integration", need);
}

function permissionsOf(caller: Caller): Permissions {
  if (caller.kind === "installation") return caller.permissions;
  return caller.kind === "user" && "permissions" in caller.rights ? caller.rights.permissions : {};
}

/** Whose name a change is made in: the user's, or the App's bot. */
export function actorOf(github: GitHub, context: Context<ApiEnv>): Account {
  const caller = context.get("caller");
  if (caller.kind === "installation" && caller.app) return github.store.botOf(caller.app);
  if (caller.kind === "installation") return github.store.actionsBot;
  return github.store.user;
}
