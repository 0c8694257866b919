// Accounts and repositories as the API and the webhooks show them.
import type { components } from "@octokit/openapi-types";
import { nodeId } from "../ids.ts";
import type { Account, Repository } from "../model.ts";
import type { Urls } from "../urls.ts";

type Schemas = components["schemas"];

export function simpleUser(account: Account, urls: Urls): Schemas["simple-user"] {
  const url = urls.api(`/users/${encodeURIComponent(account.login)}`);
  return {
    login: account.login,
    id: account.id,
    node_id: nodeId(account.type === "Organization" ? "O" : "U", account.id),
    avatar_url: urls.web(`/avatars/u/${account.id}?v=4`),
    gravatar_id: "",
    url,
    html_url: urls.web(account.type === "Bot" ? `/apps/${account.login.replace(/\[bot\]$/, "")}` : `/${account.login}`),
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: account.type,
    site_admin: false,
  };
}

/** The short form of an organization that webhooks carry. */
export function organizationSimple(account: Account, urls: Urls): Schemas["organization-simple"] {
  const url = urls.api(`/orgs/${account.login}`);
  return {
    login: account.login,
    id: account.id,
    node_id: nodeId("O", account.id),
    url,
    repos_url: `${url}/repos`,
    events_url: `${url}/events`,
    hooks_url: `${url}/hooks`,
    issues_url: `${url}/issues`,
    members_url: `${url}/members{/member}`,
    public_members_url: `${url}/public_members{/member}`,
    avatar_url: urls.web(`/avatars/u/${account.id}?v=4`),
    description: null,
  };
}

/** `GET /orgs/{org}`. */
export function organizationFull(
  account: Account,
  repositories: Repository[],
  createdAt: Date,
  urls: Urls,
): Schemas["organization-full"] {
  return {
    ...organizationSimple(account, urls),
    has_organization_projects: true,
    has_repository_projects: true,
    public_repos: repositories.filter((repository) => !repository.private).length,
    public_gists: 0,
    followers: 0,
    following: 0,
    html_url: urls.web(`/${account.login}`),
    type: "Organization",
    created_at: createdAt.toISOString(),
    updated_at: createdAt.toISOString(),
    archived_at: null,
  };
}

/** `GET /user` and `GET /users/{username}`. */
export function publicUser(account: Account, createdAt: Date, urls: Urls): Schemas["public-user"] {
  return {
    ...simpleUser(account, urls),
    name: null,
    company: null,
    blog: null,
    location: null,
    email: null,
    hireable: null,
    bio: null,
    public_repos: 0,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: createdAt.toISOString(),
    updated_at: createdAt.toISOString(),
  };
}
