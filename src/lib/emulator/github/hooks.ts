// Webhooks of the organization and of its repositories, as people with admin rights make them.
import type { Ids } from "./ids.ts";
import type { PlaceHook, Repository, Webhook } from "./model.ts";

type Settings = Pick<Webhook, "active" | "url" | "secret"> & Partial<Pick<Webhook, "contentType" | "insecureSsl">>;

/** A webhook that has sent nothing yet; JSON and checked certificates where the settings do not say otherwise. */
export function newWebhook(ids: Ids, target: Webhook["target"], settings: Settings): Webhook {
  const lastResponse = { code: null, status: "unused", message: null };
  return { id: ids.next("hook"), contentType: "json", insecureSsl: "0", ...settings, target, lastResponse };
}

export class PlaceHooks {
  readonly #ids: Ids;
  readonly #clock: () => Date;
  readonly #hooks = new Map<number, PlaceHook>();

  constructor(ids: Ids, clock: () => Date) {
    this.#ids = ids;
    this.#clock = clock;
  }

  /** @param repository absent for a webhook of the organization */
  add(
    repository: Repository | undefined,
    organizationId: number,
    { events, ...settings }: Settings & { events: string[] },
  ): PlaceHook {
    const target = repository
      ? ({ type: "repository", id: repository.id } as const)
      : ({ type: "organization", id: organizationId } as const);
    const now = this.#clock();
    const hook = { ...newWebhook(this.#ids, target, settings), events, repository, createdAt: now, updatedAt: now };
    this.#hooks.set(hook.id, hook);
    return hook;
  }

  /** Those of a repository, or of the organization, oldest first. */
  of(repository: Repository | undefined): PlaceHook[] {
    return [...this.#hooks.values()].filter((hook) => hook.repository === repository);
  }

  remove(hook: PlaceHook): void {
    this.#hooks.delete(hook.id);
  }

  /** Those that an event in a repository goes to. */
  listening(repository: Repository, event: string): PlaceHook[] {
    const all = [...this.of(repository), ...this.of(undefined)];
    return all.filter(({ events }) => events.includes(event) || events.includes("*"));
  }
}
