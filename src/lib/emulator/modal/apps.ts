// Environments, Apps and what a client asks about itself.
import type { ControlPlaneHandlers } from "./definitions.ts";
import { alreadyExists, notFound } from "./errors.ts";
import { newId } from "./ids.ts";
import { creation, type NamedObject, NamedStore } from "./named-store.ts";

/** One version of what is deployed. */
export interface Deployment {
  version: number;
  /** By the names of Functions. */
  functionIds: Record<string, string>;
  /** What each Function is made of in this version, by its id. */
  definitionIds: Record<string, string>;
  /** Seconds since 1970. */
  deployedAt: number;
  clientVersion: string;
  tag: string;
  /** The version that it went back to, or 0. */
  rollbackVersion: number;
}

export interface App extends NamedObject {
  tags: Record<string, string>;
  /** Oldest first; empty for an App that was made without Functions. */
  deployments: Deployment[];
  /** Seconds since 1970; 0 while it is deployed. */
  stoppedAt: number;
}

/** The Environment that an empty name means. */
export const defaultEnvironment = "main";
/** AppState of the protocol. */
const deployed = 3;
const stopped = 5;
const imageBuilderVersion = "2025.06";

/** What Modal tells of an Environment's limits; nothing of it is enforced here. */
export interface EnvironmentLimits {
  maxConcurrentTasks?: number;
  maxConcurrentGpus?: number;
  /** Dollars of a billing cycle. */
  effectiveCycleSpendLimit?: number;
  currentCycleUsage?: number;
  spendLimitReached?: boolean;
}

export class Apps {
  readonly #limits: EnvironmentLimits;
  readonly #apps = new NamedStore<App>("App");
  readonly #environments = new Map([[defaultEnvironment, { id: newId("en"), createdAt: Date.now() / 1000 }]]);

  /** @param limits of every Environment */
  constructor(limits: EnvironmentLimits = {}) {
    this.#limits = limits;
  }

  /** The name of an Environment that exists. @throws ServerError NOT_FOUND */
  environment(name: string): string {
    const environment = name || defaultEnvironment;
    if (!this.#environments.has(environment)) throw notFound(`Environment '${environment}' not found`);
    return environment;
  }

  get(id: string): App {
    return this.#apps.get(id);
  }

  find(name: string, environmentName: string): App | undefined {
    const app = this.#apps.find(name, environmentName);
    return app?.stoppedAt === 0 ? app : undefined;
  }

  /** Gives an App that is deployed the name; a stopped one that had it gives it away. */
  name(app: App, name: string): void {
    const old = this.#apps.find(name, app.environmentName);
    if (old && old.id !== app.id && old.stoppedAt !== 0) this.#apps.delete(old.id);
    else if (old && old.id !== app.id) throw alreadyExists(`App '${name}' already exists`);
    app.name = name;
  }

  #createEnvironment(name: string): void {
    this.#environments.set(name, { id: newId("en"), createdAt: Date.now() / 1000 });
  }

  #describe(app: App) {
    const lifecycle = {
      appState: app.stoppedAt === 0 ? (deployed as 3) : (stopped as 5),
      createdAt: app.createdAt,
      createdBy: "emulator",
      deployedAt: app.deployments.at(-1)?.deployedAt ?? app.createdAt,
      deployedBy: "emulator",
      version: app.deployments.at(-1)?.version ?? 1,
      stoppedAt: app.stoppedAt,
    };
    return { appId: app.id, description: app.name, environmentName: app.environmentName, lifecycle };
  }

  /** @param end what an App takes with it when it stops: its Sandboxes. */
  handlers(end: (app: App) => void, runningTasks: (app: App) => number, tokenId: string): ControlPlaneHandlers {
    return {
      clientHello: async () => ({}),
      workspaceNameLookup: async () => ({ workspaceName: "emulator", username: "emulator" }),
      tokenInfoGet: async () => ({ tokenId, workspaceId: "ac-emulator", workspaceName: "emulator" }),
      environmentGetOrCreate: async ({ deploymentName, objectCreationType }) => {
        const wanted = deploymentName || defaultEnvironment;
        const missing = !this.#environments.has(wanted);
        if (missing && objectCreationType !== creation.lookup) this.#createEnvironment(wanted);
        const name = this.environment(wanted);
        return {
          environmentId: this.#environments.get(name)?.id,
          metadata: { name, settings: { imageBuilderVersion } },
        };
      },
      environmentCreate: async ({ name }) => {
        if (this.#environments.has(name)) throw alreadyExists(`Environment '${name}' already exists`);
        this.#createEnvironment(name);
        return {};
      },
      environmentList: async () => ({
        items: [...this.#environments].map(([name, { id, createdAt }]) => ({
          name,
          environmentId: id,
          createdAt,
          default: name === defaultEnvironment,
          currentConcurrentTasks: this.#apps.list(name).reduce((sum, app) => sum + runningTasks(app), 0),
          ...this.#limits,
        })),
      }),
      appGetOrCreate: async ({ appName, environmentName, objectCreationType }) => {
        const environment = this.environment(environmentName);
        // A stopped App gives its name away, and a new one gets a new id.
        const old = this.#apps.find(appName, environment);
        if (old && old.stoppedAt !== 0) this.#apps.delete(old.id);
        const { item } = this.#apps.getOrCreate(
          { name: appName, environmentName: environment, type: objectCreationType },
          () => ({
            id: newId("ap"),
            name: appName,
            environmentName: environment,
            createdAt: Date.now() / 1000,
            stoppedAt: 0,
            tags: {},
            deployments: [],
          }),
        );
        return { appId: item.id, handleMetadata: this.#describe(item) };
      },
      appGetByDeploymentName: async ({ name, environmentName }) => {
        const environment = this.environment(environmentName);
        const app = this.find(name, environment);
        // No error: the answer names no App.
        if (!app) return { appId: "", environmentName: environment };
        return { appId: app.id, environmentName: environment, lifecycle: this.#describe(app).lifecycle };
      },
      appCreate: async ({ description, environmentName, tags }) => {
        const environment = this.environment(environmentName);
        // It has no name before it is published.
        const { item } = this.#apps.getOrCreate(
          { name: "", environmentName: environment, type: creation.ephemeral },
          () => ({
            id: newId("ap"),
            name: "",
            environmentName: environment,
            createdAt: Date.now() / 1000,
            stoppedAt: 0,
            tags,
            deployments: [],
          }),
        );
        const url = `http://127.0.0.1/apps/${encodeURIComponent(description)}`;
        return { appId: item.id, appPageUrl: url, appLogsUrl: url };
      },
      appHeartbeat: async () => ({}),
      appClientDisconnect: async () => ({}),
      appSetTags: async ({ appId, tags }) => {
        this.get(appId).tags = { ...tags };
        return {};
      },
      appGetTags: async ({ appId }) => ({ tags: this.get(appId).tags }),
      appGetInfo: async ({ appId }) => ({ info: this.#describe(this.get(appId)) }),
      appGetLifecycle: async ({ appId }) => ({ lifecycle: this.#describe(this.get(appId)).lifecycle }),
      appList: async ({ environmentName }) => ({
        apps: this.#apps.list(this.environment(environmentName)).map((app) => {
          const metadata = this.#describe(app);
          return {
            appId: app.id,
            name: app.name,
            description: app.name,
            state: metadata.lifecycle.appState,
            createdAt: app.createdAt,
            stoppedAt: app.stoppedAt,
            nRunningTasks: runningTasks(app),
            metadata,
          };
        }),
      }),
      appStop: async ({ appId }) => {
        const app = this.get(appId);
        app.stoppedAt = Date.now() / 1000;
        end(app);
        return {};
      },
    };
  }
}
