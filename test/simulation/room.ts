// Since when there has been room for one more Sandbox, for each pool and repository: a job may not wait long while there is.
import type { FleetSandbox } from "../../src/lib/fleet/snapshot.ts";
import type { Policy } from "../../src/lib/policy/schema.ts";

interface Account {
  pool: string;
  repository: string;
  /** Since when there is room; undefined while there is none. */
  since: number | undefined;
}

type Place = Pick<FleetSandbox, "pool" | "repository" | "jobId">;

export class Room {
  readonly #policy: Policy;
  readonly #accounts = new Map<string, Account>();
  readonly #counts = new Map<string, number>();
  readonly #exceededSince = new Map<string, number>();
  #isOpen = true;

  constructor(policy: Policy, repositories: readonly string[], now: number) {
    this.#policy = policy;
    for (const pool of policy.pools) {
      for (const repository of repositories) {
        const account = { pool: pool.name, repository, since: now };
        this.#accounts.set(`${pool.name}|${repository}`, account);
      }
    }
  }

  count(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  add(place: Place, now: number, change: 1 | -1): void {
    const keys = ["fleet", `pool ${place.pool}`, ...(place.jobId === 0 ? [] : [`repository ${place.repository}`])];
    for (const key of keys) this.#counts.set(key, this.count(key) + change);
    for (const [key, limit] of this.#limits(place.pool, place.repository)) {
      if (this.count(key) <= limit) this.#exceededSince.delete(key);
      else if (!this.#exceededSince.has(key)) this.#exceededSince.set(key, now);
    }
    this.#update(now);
  }

  /** What is exceeded now, if anything is. */
  exceeded({
    pool,
    repository,
    jobId,
  }: Place): { key: string; by: number; limit: number; message: string } | undefined {
    for (const [key, limit] of this.#limits(pool, repository)) {
      if (jobId === 0 && key.startsWith("repository")) continue;
      const count = this.count(key);
      if (count > limit)
        return { key, by: count - limit, limit, message: `${key}: ${count} Sandboxes are alive, ${limit} are allowed` };
    }
    return undefined;
  }

  /** Since when the limit of this name is exceeded without a break; undefined while it is not. */
  exceededSince(key: string): number | undefined {
    return this.#exceededSince.get(key);
  }

  /** No room at all is counted while a service is down. */
  open(isOpen: boolean, now: number): void {
    this.#isOpen = isOpen;
    this.#update(now);
  }

  /** Since when there has been room without a break; undefined while there is none. */
  since(pool: string, repository: string): number | undefined {
    return this.#accounts.get(`${pool}|${repository}`)?.since;
  }

  #limits(pool: string, repository: string): [string, number][] {
    const { maxRunners, maxRunnersPerRepository } = this.#policy.limits;
    const ofPool = this.#policy.pools.find((entry) => entry.name === pool)?.maxRunners ?? 0;
    return [
      ["fleet", maxRunners],
      [`pool ${pool}`, ofPool],
      [`repository ${repository}`, maxRunnersPerRepository ?? Number.POSITIVE_INFINITY],
    ];
  }

  #update(now: number): void {
    for (const account of this.#accounts.values()) {
      const hasRoom =
        this.#isOpen && this.#limits(account.pool, account.repository).every(([key, limit]) => this.count(key) < limit);
      if (hasRoom && account.since === undefined) account.since = now;
      if (!hasRoom) account.since = undefined;
    }
  }
}
