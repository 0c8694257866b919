// Repositories as the API and the webhooks show them.
import type { components } from "@octokit/openapi-types";
import { nodeId } from "../ids.ts";
import type { Repository } from "../model.ts";
import type { Urls } from "../urls.ts";
import { organizationSimple, simpleUser } from "./accounts.ts";

type Schemas = components["schemas"];

/** Link relations of a repository and the path below it that each stands for. */
const relations = {
  archive_url: "{archive_format}{/ref}",
  assignees_url: "assignees{/user}",
  blobs_url: "git/blobs{/sha}",
  branches_url: "branches{/branch}",
  collaborators_url: "collaborators{/collaborator}",
  comments_url: "comments{/number}",
  commits_url: "commits{/sha}",
  compare_url: "compare/{base}...{head}",
  contents_url: "contents/{+path}",
  contributors_url: "contributors",
  deployments_url: "deployments",
  downloads_url: "downloads",
  events_url: "events",
  forks_url: "forks",
  git_commits_url: "git/commits{/sha}",
  git_refs_url: "git/refs{/sha}",
  git_tags_url: "git/tags{/sha}",
  hooks_url: "hooks",
  issue_comment_url: "issues/comments{/number}",
  issue_events_url: "issues/events{/number}",
  issues_url: "issues{/number}",
  keys_url: "keys{/key_id}",
  labels_url: "labels{/name}",
  languages_url: "languages",
  merges_url: "merges",
  milestones_url: "milestones{/number}",
  notifications_url: "notifications{?since,all,participating}",
  pulls_url: "pulls{/number}",
  releases_url: "releases{/id}",
  stargazers_url: "stargazers",
  statuses_url: "statuses/{sha}",
  subscribers_url: "subscribers",
  subscription_url: "subscription",
  tags_url: "tags",
  teams_url: "teams",
  trees_url: "git/trees{/sha}",
} as const;

type RelationLinks = Record<keyof typeof relations, string>;

function links(repository: Repository, urls: Urls): RelationLinks {
  const base = urls.api(`/repos/${repository.owner.login}/${repository.name}`);
  const entries = Object.entries(relations).map(([relation, path]) => [relation, `${base}/${path}`]);
  return Object.fromEntries(entries) as RelationLinks;
}

export function minimalRepository(repository: Repository, urls: Urls): Schemas["minimal-repository"] {
  const fullName = `${repository.owner.login}/${repository.name}`;
  return {
    id: repository.id,
    node_id: nodeId("R", repository.id),
    name: repository.name,
    full_name: fullName,
    private: repository.private,
    owner: simpleUser(repository.owner, urls),
    html_url: urls.web(`/${fullName}`),
    description: null,
    fork: false,
    url: urls.api(`/repos/${fullName}`),
    ...links(repository, urls),
  };
}

/** `GET /repos/{owner}/{repo}`; webhooks and lists show the same less `organization` and the counts of subscribers. */
export function fullRepository(repository: Repository, urls: Urls): Schemas["full-repository"] {
  const { owner } = repository;
  return {
    ...repositoryResponse(repository, urls),
    has_discussions: false,
    pushed_at: repository.createdAt.toISOString(),
    created_at: repository.createdAt.toISOString(),
    updated_at: repository.createdAt.toISOString(),
    subscribers_count: 0,
    network_count: 0,
    ...(owner.type === "Organization" && { organization: simpleUser(owner, urls) }),
  };
}

export function repositoryResponse(repository: Repository, urls: Urls): Schemas["repository"] {
  const fullName = `${repository.owner.login}/${repository.name}`;
  const web = urls.web(`/${fullName}`);
  return {
    ...minimalRepository(repository, urls),
    owner: simpleUser(repository.owner, urls),
    git_url: web.replace(/^https?:/, "git:").concat(".git"),
    ssh_url: `git@${new URL(web).hostname}:${fullName}.git`,
    clone_url: `${web}.git`,
    svn_url: web,
    mirror_url: null,
    homepage: null,
    language: null,
    forks_count: 0,
    stargazers_count: 0,
    watchers_count: 0,
    size: 0,
    default_branch: repository.defaultBranch,
    open_issues_count: 0,
    is_template: false,
    topics: [],
    has_issues: true,
    has_projects: true,
    has_wiki: true,
    has_pages: false,
    has_downloads: true,
    archived: false,
    disabled: false,
    visibility: repository.private ? "private" : "public",
    pushed_at: repository.createdAt.toISOString(),
    created_at: repository.createdAt.toISOString(),
    updated_at: repository.createdAt.toISOString(),
    permissions: { admin: true, maintain: true, push: true, triage: true, pull: true },
    license: null,
    forks: 0,
    open_issues: 0,
    watchers: 0,
    allow_forking: true,
    web_commit_signoff_required: false,
  };
}

/** The `repository` and `organization` members of a webhook's payload. */
export function webhookRepository(repository: Repository, urls: Urls): Record<string, unknown> {
  const { owner } = repository;
  const { permissions: _, ...shown } = repositoryResponse(repository, urls);
  return {
    repository: { ...shown, custom_properties: {} },
    ...(owner.type === "Organization" && { organization: organizationSimple(owner, urls) }),
  };
}
