// GitHub's matching: a queued job goes to any idle online runner that has all of its labels, whomever it was made for.
import { parseRunnerName } from "../../src/lib/fleet/names.ts";
import { allowsRepository } from "../../src/lib/policy/match.ts";
import type { ModelJob, ModelRunner } from "./observer.ts";
import type { World } from "./world.ts";

/** Labels that say nothing about a pool. */
const common = ["self-hosted", "linux", "x64"];

/** Jobs that ask for the same, or runners that offer the same. */
interface Group<T> {
  labels: string[];
  repository: string | null;
  /** Whether a job is a stranger's, or a runner was made for one. */
  isForFork: boolean;
  members: Set<T>;
}

export class Matching {
  readonly #world: World;
  readonly #queued = new Map<string, Group<ModelJob>>();
  readonly #idle = new Map<string, Group<ModelRunner>>();
  readonly #forks: Set<number>;

  constructor(world: World) {
    this.#world = world;
    this.#forks = new Set(world.scenario.jobs.filter((job) => job.isForkPullRequest).map((job) => job.id));
  }

  queue(job: ModelJob): void {
    this.#groupOfJob(job).members.add(job);
  }

  unqueue(job: ModelJob): void {
    this.#groupOfJob(job).members.delete(job);
  }

  addIdle(runner: ModelRunner): void {
    this.#groupOfRunner(runner).members.add(runner);
  }

  removeIdle(runner: ModelRunner): void {
    this.#groupOfRunner(runner).members.delete(runner);
  }

  /** A runner for the job, if one is idle. */
  runnerFor(job: ModelJob): ModelRunner | undefined {
    const { random } = this.#world;
    const own = this.#groupOfJob(job);
    const able = [...this.#idle.values()].filter((group) => group.members.size > 0 && this.#serves(group, own));
    if (able.length === 0) return undefined;
    const members = random.pick(able).members;
    // Any of the first few: to pick among all would take as long as there are runners.
    let steps = random.whole(0, Math.min(members.size - 1, 5));
    for (const runner of members) if (steps-- === 0) return runner;
    return undefined;
  }

  /** The job that waits longest among those that the runner can serve. */
  jobFor(runner: ModelRunner): ModelJob | undefined {
    const own = this.#groupOfRunner(runner);
    let oldest: ModelJob | undefined;
    for (const group of this.#queued.values()) {
      const [first] = group.members;
      if (first && (!oldest || first.queuedAt < oldest.queuedAt) && this.#serves(own, group)) oldest = first;
    }
    return oldest;
  }

  #serves(runners: Group<ModelRunner>, jobs: Group<ModelJob>): boolean {
    const { has, scenario } = this.#world;
    if (runners.repository !== null && runners.repository !== jobs.repository) return false;
    // Without the fault, the runner group is open to the policy's repositories alone.
    if (!allowsRepository(scenario.policy, jobs.repository ?? "") && !has("strangers-steal")) return false;
    if (runners.isForFork !== jobs.isForFork && !has("fork-steals")) return false;
    // What nobody serves is not to be had by theft either: it would be a job more than the fleet was planned for.
    const wanted = jobs.labels.filter((label) => !common.includes(label));
    if (wanted.length === 0) return false;
    const offered = runners.labels.filter((label) => !common.includes(label));
    const own = pureLabels(wanted);
    if (!has("stealing") && !(own.length === offered.length && own.every((label) => offered.includes(label))))
      return false;
    return jobs.labels.every((label) => runners.labels.includes(label));
  }

  #groupOfJob({ plan }: ModelJob): Group<ModelJob> {
    const labels = plan.labels.map((label) => label.toLowerCase());
    return groupOf(this.#queued, labels, plan.repository, plan.isForkPullRequest);
  }

  #groupOfRunner({ name, labels, repository }: ModelRunner): Group<ModelRunner> {
    return groupOf(this.#idle, labels, repository, this.#forks.has(parseRunnerName(name)?.jobId ?? 0));
  }
}

/** A resource label's runner has the pool's label, too. */
function pureLabels(wanted: readonly string[]): string[] {
  return wanted.flatMap((label) => (label.includes("/") ? [label, label.split("/")[0] as string] : [label]));
}

function groupOf<T>(
  groups: Map<string, Group<T>>,
  labels: string[],
  repository: string | null,
  isForFork: boolean,
): Group<T> {
  const key = `${repository}|${labels.join(",")}|${isForFork}`;
  const known = groups.get(key);
  if (known) return known;
  const group = { labels, repository, isForFork, members: new Set<T>() };
  groups.set(key, group);
  return group;
}
