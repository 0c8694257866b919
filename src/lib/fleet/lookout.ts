// What the loop looks up besides jobs and Sandboxes: which repositories to look into, whose code a run is, what was
// spent today. Each is asked as seldom as it can be, since every call costs some of GitHub's or Modal's patience.
import { estimateDollars } from "../policy/prices.ts";
import type { Policy } from "../policy/schema.ts";
import type { GitHub, Modal } from "./ports.ts";
import { sizeOf } from "./size.ts";
import type { FleetSandbox, Job } from "./snapshot.ts";

/** A repository is looked into on every round for so long after something was heard of it. */
const activeMs = 10 * 60_000;
/** Every repository is looked into this often. */
const sweepEveryMs = 10 * 60_000;
const spendingMs = 60_000;
/** One that was started before midnight costs money after it; Modal ends every Sandbox after a day. */
const longestLifeMs = 24 * 3_600_000;
/** Runs of which it is remembered whose code they are. */
const mostRuns = 5_000;

export class Lookout {
  readonly #options: { policy: Policy; github: GitHub; modal: Modal; now(): number };
  readonly #active = new Map<string, number>();
  readonly #isFork = new Map<string, Promise<boolean>>();
  #sweptAt = Number.NEGATIVE_INFINITY;
  #spent: { at: number; dollars: number } | undefined;

  constructor(options: { policy: Policy; github: GitHub; modal: Modal; now(): number }) {
    this.#options = options;
  }

  /** Notes that something goes on in a repository. */
  saw(repository: string): void {
    if (!repository.endsWith("/*")) this.#active.set(repository, this.#options.now());
  }

  /** The repositories to look into now: those with something going on; every ten minutes, and at first, all. */
  async repositories(): Promise<string[]> {
    const { github, now } = this.#options;
    if (now() - this.#sweptAt >= sweepEveryMs) {
      const startedAt = now();
      const all = await github.repositories();
      this.#sweptAt = startedAt;
      return all;
    }
    for (const [repository, at] of this.#active) if (now() - at > activeMs) this.#active.delete(repository);
    return [...this.#active.keys()];
  }

  /** The jobs, each queued one with whether it runs the code of a pull request from a fork, if GitHub could be asked. */
  async withOrigin(jobs: readonly Job[]): Promise<Job[]> {
    return Promise.all(
      jobs.map(async (job) => {
        if (job.status !== "queued" || job.isForkPullRequest !== undefined) return job;
        const isForkPullRequest = await this.#isForkRun(job.repository, job.runId).catch(() => undefined);
        return isForkPullRequest === undefined ? job : { ...job, isForkPullRequest };
      }),
    );
  }

  /** Asked once a run: whoever asks while the answer is on its way waits for the same one. */
  #isForkRun(repository: string, runId: number): Promise<boolean> {
    const key = `${repository}#${runId}`;
    const known = this.#isFork.get(key);
    if (known !== undefined) return known;
    if (this.#isFork.size >= mostRuns) this.#isFork.delete(this.#isFork.keys().next().value as string);
    const asked = this.#options.github.run(repository, runId).then((run) => {
      // A run that GitHub does not know (yet) is not remembered, and not trusted.
      if (!run) this.#isFork.delete(key);
      return run?.isForkPullRequest ?? true;
    });
    this.#isFork.set(key, asked);
    asked.catch(() => this.#isFork.delete(key));
    return asked;
  }

  /** Estimated dollars since midnight UTC; undefined, and nothing asked, where the policy sets no budget. */
  async spentToday(): Promise<number | undefined> {
    const { policy, modal, now } = this.#options;
    if (policy.limits.dailyBudgetDollars === undefined) return undefined;
    if (this.#spent && now() - this.#spent.at < spendingMs) return this.#spent.dollars;
    const at = now();
    const midnight = new Date(at).setUTCHours(0, 0, 0, 0);
    const [alive, ended] = await Promise.all([modal.sandboxes(), modal.ended(midnight - longestLifeMs)]);
    const dollarsOf = (sandbox: FleetSandbox, until: number) => {
      const size = sizeOf(sandbox, policy);
      if (!size) return 0;
      const seconds = Math.max(0, until - Math.max(midnight, sandbox.createdAt)) / 1000;
      return estimateDollars(policy, size, seconds);
    };
    let dollars = 0;
    for (const sandbox of alive) dollars += dollarsOf(sandbox, at);
    for (const sandbox of ended) dollars += dollarsOf(sandbox, sandbox.endedAt);
    this.#spent = { at, dollars };
    return dollars;
  }
}
