// Secrets: named, ephemeral, and the values that a request carries itself. Values go nowhere but into environments.
import type { Apps } from "./apps.ts";
import type { ControlPlaneHandlers, SecretSource } from "./definitions.ts";
import { failedPrecondition } from "./errors.ts";
import { newId } from "./ids.ts";
import { creation, type NamedObject, NamedStore } from "./named-store.ts";

interface Secret extends NamedObject {
  values: Record<string, string>;
}

export class Secrets {
  readonly #secrets = new NamedStore<Secret>("Secret");

  /** The variables of Secrets by id, later ones winning. @throws ServerError NOT_FOUND */
  values(ids: readonly string[]): Record<string, string> {
    return Object.assign({}, ...ids.map((id) => this.#secrets.get(id).values));
  }

  /** The variables of sources, later ones winning. @throws ServerError NOT_FOUND */
  resolve(sources: readonly SecretSource[]): Record<string, string> {
    return Object.assign(
      {},
      ...sources.map(({ secretId, env }) => (secretId ? this.values([secretId]) : env?.contents)),
    );
  }

  handlers(apps: Apps): ControlPlaneHandlers {
    return {
      secretGetOrCreate: async ({ deploymentName, environmentName, objectCreationType, envDict, requiredKeys }) => {
        const environment = apps.environment(environmentName);
        const { item, existed } = this.#secrets.getOrCreate(
          { name: deploymentName, environmentName: environment, type: objectCreationType },
          () => ({
            id: newId("st"),
            name: deploymentName,
            environmentName: environment,
            createdAt: Date.now() / 1000,
            values: { ...envDict },
          }),
        );
        if (existed && objectCreationType === creation.overwrite) item.values = { ...envDict };
        const missing = requiredKeys.filter((key) => !(key in item.values));
        // The SDK tells this failure by these words.
        if (missing.length > 0) throw failedPrecondition(`Secret is missing key(s): ${missing.join(", ")}`);
        return { secretId: item.id, metadata: { name: item.name, keys: Object.keys(item.values) } };
      },
      secretUpdate: async ({ secretId, updates }) => {
        const secret = this.#secrets.get(secretId);
        for (const { key, value } of updates) {
          if (value === undefined) delete secret.values[key];
          else secret.values[key] = value;
        }
        return {};
      },
      secretList: async ({ environmentName }) => {
        const environment = apps.environment(environmentName);
        return {
          environmentName: environment,
          items: this.#secrets.list(environment).map((secret) => ({
            label: secret.name,
            secretId: secret.id,
            createdAt: secret.createdAt,
            environmentName: environment,
            metadata: { name: secret.name, keys: Object.keys(secret.values), environmentName: environment },
          })),
        };
      },
      secretDelete: async ({ secretId }) => {
        this.#secrets.delete(secretId);
        return {};
      },
    };
  }
}
