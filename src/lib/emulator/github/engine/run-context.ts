// What a run knows of the event behind it: the `github` context and the event's payload.
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { type DictionaryData, toDictionaryData } from "../../workflow/context-data.ts";
import type { Account, EventName, Repository, Run } from "../model.ts";
import { simpleUser } from "../responses/accounts.ts";
import { minimalRepository, webhookRepository } from "../responses/repositories.ts";
import type { Urls } from "../urls.ts";

export interface EventDetails {
  event: EventName;
  repository: Repository;
  headRepository: Repository;
  ref: string;
  headBranch: string;
  headSha: string;
  actor: Account;
  /** Of workflow_dispatch, as given. */
  inputs: Record<string, unknown>;
  workflowPath: string;
  pullRequestNumber: number;
}

/** The event's payload, `github.event`; docs "Webhook events and payloads". */
export function eventPayload(details: EventDetails, urls: Urls): Record<string, unknown> {
  const { repository, actor, ref, headSha } = details;
  const common = { ...webhookRepository(repository, urls), sender: simpleUser(actor, urls) };
  switch (details.event) {
    case "workflow_dispatch":
      return { inputs: details.inputs, ref, workflow: details.workflowPath, ...common };
    case "push": {
      const person = { name: actor.login, email: `${actor.login}@users.noreply.github.com` };
      const message = `Update ${repository.name}`;
      const commit = { id: headSha, message, author: person, committer: person, distinct: true };
      const before = "0".repeat(40);
      return {
        ref,
        before,
        after: headSha,
        commits: [commit],
        head_commit: commit,
        pusher: person,
        forced: false,
        ...common,
      };
    }
    case "pull_request":
      return {
        action: "opened",
        number: details.pullRequestNumber,
        pull_request: pullRequest(details, urls),
        ...common,
      };
  }
}

function pullRequest(details: EventDetails, urls: Urls): Record<string, unknown> {
  const { repository, headRepository, headBranch, headSha, actor, pullRequestNumber: number } = details;
  const base = { ref: repository.defaultBranch, sha: headSha, repo: minimalRepository(repository, urls) };
  const path = `/${repository.owner.login}/${repository.name}`;
  return {
    number,
    state: "open",
    draft: false,
    title: `Update ${repository.name}`,
    url: urls.api(`/repos${path}/pulls/${number}`),
    html_url: urls.web(`${path}/pull/${number}`),
    user: simpleUser(actor, urls),
    head: {
      label: `${headRepository.owner.login}:${headBranch}`,
      ref: headBranch,
      sha: headSha,
      repo: { ...minimalRepository(headRepository, urls), fork: headRepository !== repository },
    },
    base: { label: `${repository.owner.login}:${base.ref}`, ...base },
  };
}

/** The `github` context of a run; docs "Contexts reference". What differs from job to job is added to the job's message. */
export function githubContext(run: Run, urls: Urls): DictionaryData {
  const { repository, event, ref, actor } = run;
  const fullName = `${repository.owner.login}/${repository.name}`;
  const pullRequestEvent = event === "pull_request";
  return toDictionaryData({
    action: "",
    actor: actor.login,
    actor_id: String(actor.id),
    api_url: urls.api(""),
    base_ref: pullRequestEvent ? repository.defaultBranch : "",
    event: run.payload,
    event_name: event,
    graphql_url: urls.api("/graphql"),
    head_ref: pullRequestEvent ? run.headBranch : "",
    ref,
    ref_name: ref.replace(/^refs\/(heads|tags|pull)\//, ""),
    ref_protected: false,
    ref_type: ref.startsWith("refs/tags/") ? "tag" : "branch",
    repository: fullName,
    repository_id: String(repository.id),
    repository_owner: repository.owner.login,
    repository_owner_id: String(repository.owner.id),
    repository_visibility: repository.private ? "private" : "public",
    repositoryUrl: urls.web(`/${fullName}.git`).replace(/^http/, "git"),
    retention_days: "90",
    run_attempt: String(run.attempt),
    run_id: String(run.id),
    run_number: String(run.number),
    secret_source: "Actions",
    server_url: urls.web(""),
    sha: run.headSha,
    triggering_actor: actor.login,
    workflow: run.workflow.name,
    workflow_ref: `${fullName}/.github/workflows/${basename(run.file.path)}@${ref}`,
    workflow_sha: run.headSha,
  });
}

/** A fork of a repository under another account, for pull requests from outside. */
export function forkOf(repository: Repository, owner: string): Repository {
  // The same fork must have the same ids each time it is asked for.
  const number = createHash("sha1").update(`${owner}/${repository.name}`).digest().readUInt32BE();
  return { ...repository, id: 900_000_000 + (number % 99_000_000), owner: { id: number, login: owner, type: "User" } };
}
