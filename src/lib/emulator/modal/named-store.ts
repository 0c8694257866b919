// Objects with an id and, within an Environment, a name: what Modal's *GetOrCreate calls look up and make.
import { alreadyExists, notFound } from "./errors.ts";

/** ObjectCreationType of the protocol. */
export const creation = { lookup: 0, ifMissing: 1, failIfExists: 2, overwrite: 3, ephemeral: 5 } as const;

export interface NamedObject {
  id: string;
  /** Empty for ephemeral objects. */
  name: string;
  environmentName: string;
  /** Seconds since 1970. */
  createdAt: number;
}

export class NamedStore<Item extends NamedObject> {
  readonly #kind: string;
  readonly #items = new Map<string, Item>();

  /** @param kind the word for messages, such as "Secret". */
  constructor(kind: string) {
    this.#kind = kind;
  }

  find(name: string, environmentName: string): Item | undefined {
    return this.list(environmentName).find((item) => item.name === name);
  }

  /** @throws ServerError NOT_FOUND */
  get(id: string): Item {
    const item = this.#items.get(id);
    if (!item) throw notFound(`${this.#kind} with ID '${id}' not found`);
    return item;
  }

  /** Of one Environment, named ones only, oldest first. */
  list(environmentName: string): Item[] {
    return [...this.#items.values()].filter((item) => item.name !== "" && item.environmentName === environmentName);
  }

  delete(id: string): void {
    this.get(id);
    this.#items.delete(id);
  }

  /**
   * Finds or makes an object as the creation type says.
   * @returns the object, and whether it was there before.
   * @throws ServerError NOT_FOUND or ALREADY_EXISTS
   */
  getOrCreate(
    { name, environmentName, type }: { name: string; environmentName: string; type: number },
    make: () => Item,
  ): { item: Item; existed: boolean } {
    const found = type === creation.ephemeral ? undefined : this.find(name, environmentName);
    if (found && type === creation.failIfExists) throw alreadyExists(`${this.#kind} '${name}' already exists`);
    if (found) return { item: found, existed: true };
    if (type === creation.lookup) {
      throw notFound(`${this.#kind} '${name}' not found in environment '${environmentName}'`);
    }
    const item = make();
    this.#items.set(item.id, item);
    return { item, existed: false };
  }
}
