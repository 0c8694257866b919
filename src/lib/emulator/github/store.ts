// The accounts, repositories, workflow files, runner groups and runner registrations of the emulated GitHub.
import { resolve } from "node:path";
import type { Ids } from "./ids.ts";
import type { Account, App, Repository, Runner, RunnerGroup, WorkflowFile } from "./model.ts";

/** Id of the group that every organization and repository has. */
export const defaultGroupId = 1;
/** Id of the group of GitHub-hosted runners, which takes no registrations. */
export const hostedGroupId = 2;

export interface StoreOptions {
  owner: string;
  ownerType: "Organization" | "User";
  repositories: { name: string; directory: string; defaultBranch?: string; private?: boolean }[];
  runnerGroups: string[];
}

export class Store {
  readonly owner: Account;
  /** Who the personal access token belongs to: the owner, or a member of the owning organization. */
  readonly user: Account;
  readonly actionsBot: Account;
  readonly repositories: Repository[];
  readonly groups: RunnerGroup[];
  readonly runners = new Map<number, Runner>();
  readonly startedAt: Date;
  readonly #ids: Ids;
  readonly #clock: () => Date;
  readonly #workflows = new Map<string, WorkflowFile>();
  readonly #bots = new Map<number, Account>();

  constructor(options: StoreOptions, ids: Ids, clock: () => Date) {
    this.#ids = ids;
    this.#clock = clock;
    this.startedAt = clock();
    this.owner = { id: ids.next("account"), login: options.owner, type: options.ownerType };
    this.user = options.ownerType === "User" ? this.owner : { id: ids.next("account"), login: "octocat", type: "User" };
    this.actionsBot = { id: ids.next("account"), login: "github-actions[bot]", type: "Bot" };
    this.repositories = options.repositories.map((repository) => ({
      id: ids.next("repository"),
      name: repository.name,
      owner: this.owner,
      directory: resolve(repository.directory),
      defaultBranch: repository.defaultBranch ?? "main",
      private: repository.private ?? true,
      createdAt: this.startedAt,
    }));
    this.groups = [newGroup(defaultGroupId, "Default", true)];
    for (const name of options.runnerGroups) this.addGroup(name);
  }

  /** A new runner group, as GitHub makes one that nothing else is said of. */
  addGroup(name: string): RunnerGroup {
    const group = newGroup(Math.max(hostedGroupId, ...this.groups.map(({ id }) => id)) + 1, name, false);
    this.groups.push(group);
    return group;
  }

  /** Logins and repository names match without regard to case. */
  account(login: string): Account | undefined {
    return [this.owner, this.user].find((account) => same(account.login, login));
  }

  repository(owner: string, name: string): Repository | undefined {
    return this.repositories.find((repository) => same(repository.owner.login, owner) && same(repository.name, name));
  }

  /** The workflow at a path of a repository; a path keeps its id for good. */
  workflowFile(repository: Repository, path: string): WorkflowFile {
    const key = `${repository.id}:${path}`;
    let file = this.#workflows.get(key);
    if (!file) {
      file = { id: this.#ids.next("workflow"), repository, path, createdAt: this.#clock(), runs: 0 };
      this.#workflows.set(key, file);
    }
    return file;
  }

  botOf(app: App): Account {
    let bot = this.#bots.get(app.id);
    if (!bot) {
      bot = { id: this.#ids.next("account"), login: `${app.slug}[bot]`, type: "Bot" };
      this.#bots.set(app.id, bot);
    }
    return bot;
  }

  /** Runners registered with a repository, or, without one, with the organization. */
  runnersOf(repository: Repository | undefined): Runner[] {
    return [...this.runners.values()].filter((runner) => runner.repository === repository);
  }
}

/** Docs "Managing access to self-hosted runners using groups": by default, private repositories alone may use a group. */
function newGroup(id: number, name: string, isDefault: boolean): RunnerGroup {
  return {
    ...{ id, name, default: isDefault },
    visibility: "all",
    repositories: new Set(),
    allowsPublicRepositories: false,
  };
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
