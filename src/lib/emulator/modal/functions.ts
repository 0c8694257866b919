// Deployed Functions: what they are made of, by version, and what of them runs: web endpoints, schedules, containers.
import { join } from "node:path";
import type { CallContext } from "nice-grpc";
import type { App, Apps, Deployment } from "./apps.ts";
import type { ContainerPrograms } from "./container-programs.ts";
import type { ControlPlaneHandlers, ControlPlaneRequest } from "./definitions.ts";
import { failedPrecondition, invalid, notFound } from "./errors.ts";
import { type ContainerOptions, FunctionContainer } from "./function-container.ts";
import { newId } from "./ids.ts";
import type { Images } from "./images.ts";
import { pythonEnvironment } from "./python.ts";
import { startSchedule } from "./schedule.ts";
import type { Secrets } from "./secrets.ts";
import { WebEndpoint } from "./web-endpoint.ts";

type Definition = NonNullable<ControlPlaneRequest<"functionCreate">["function"]>;

interface DeployedFunction {
  id: string;
  appId: string;
  name: string;
  endpoint: WebEndpoint | undefined;
  stopSchedule: (() => void) | undefined;
}

export interface FunctionsOptions extends Pick<ContainerOptions, "host" | "grace" | "uploads" | "reaper" | "log"> {
  apps: Apps;
  images: Images;
  secrets: Secrets;
  directory: string;
  programs: ContainerPrograms;
  /** Whether scheduled Functions run by themselves. */
  runsSchedules: boolean;
}

/** Seconds; https://modal.com/docs/reference/modal.App#function: scaledown_window. */
const defaultScaledown = 60;
const defaultStartup = 5;

export class Functions {
  readonly #options: FunctionsOptions;
  readonly #functions = new Map<string, DeployedFunction>();
  readonly #definitions = new Map<string, { definition: Definition; pythonBin: string }>();
  /** Containers of the past too: their logs are asked for. */
  readonly #containers: FunctionContainer[] = [];

  constructor(options: FunctionsOptions) {
    this.#options = options;
  }

  #get(id: string): DeployedFunction {
    const found = this.#functions.get(id);
    if (!found) throw notFound(`Function with ID '${id}' not found`);
    return found;
  }

  containers(): readonly FunctionContainer[] {
    return this.#containers;
  }

  /** How many containers of an App run. */
  running(app: App): number {
    return this.#containers.filter(({ options, hasEnded }) => options.appId === app.id && !hasEnded).length;
  }

  #createContainer(deployed: DeployedFunction, definitionId: string): FunctionContainer {
    const { apps, images, secrets, directory, ...shared } = this.#options;
    const found = this.#definitions.get(definitionId);
    if (!found) throw notFound(`Function '${deployed.name}' has no definition`);
    const { definition, pythonBin } = found;
    const app = apps.get(deployed.appId);
    const siblings = [...this.#functions.values()].filter(({ appId }) => appId === app.id);
    const container = new FunctionContainer({
      ...shared,
      appId: app.id,
      environmentName: app.environmentName,
      moduleName: definition.moduleName,
      functionName: definition.functionName,
      mountIds: definition.mountIds,
      imageId: definition.imageId,
      instructions: definition.imageId ? images.get(definition.imageId).instructions : [],
      // As they are now: a container that runs keeps what it started with.
      secrets: secrets.values(definition.secretIds),
      pythonBin,
      layout: Object.fromEntries(siblings.map(({ name, id, endpoint }) => [name, { id, webUrl: endpoint?.url ?? "" }])),
      port: definition.webhookConfig?.webServerPort ?? 0,
      startupTimeout: definition.webhookConfig?.webServerStartupTimeout || defaultStartup,
      directory: join(directory, "containers"),
    });
    this.#containers.push(container);
    return container;
  }

  /** Runs a Function once, as its schedule would. @returns its exit code */
  async run(deployed: DeployedFunction, definitionId: string): Promise<number> {
    const container = this.#createContainer(deployed, definitionId);
    await container.start();
    return container.ended;
  }

  /** @throws ServerError NOT_FOUND */
  runByName(app: App, name: string): Promise<number> {
    const [deployment] = app.deployments.slice(-1);
    const deployed = this.#get(deployment?.functionIds[name] ?? "");
    return this.run(deployed, deployment?.definitionIds[deployed.id] ?? "");
  }

  /** Makes what runs of an App that which the deployment says; undefined ends it all. */
  #apply(app: App, deployment: Deployment | undefined): void {
    const ids = new Set(Object.values(deployment?.functionIds ?? {}));
    for (const deployed of this.#functions.values()) {
      if (deployed.appId !== app.id) continue;
      deployed.stopSchedule?.();
      const definitionId = ids.has(deployed.id) ? deployment?.definitionIds[deployed.id] : undefined;
      const definition = definitionId === undefined ? undefined : this.#definitions.get(definitionId)?.definition;
      if (definitionId === undefined || !definition) {
        deployed.endpoint?.use(undefined);
        continue;
      }
      const { autoscalerSettings, warmPoolSize, taskIdleTimeoutSecs, schedule } = definition;
      deployed.endpoint?.use({
        create: () => this.#createContainer(deployed, definitionId),
        minContainers: autoscalerSettings?.minContainers ?? warmPoolSize,
        scaledownMs: (autoscalerSettings?.scaledownWindow || taskIdleTimeoutSecs || defaultScaledown) * 1000,
      });
      if (schedule && this.#options.runsSchedules) {
        const onFault = (error: Error) => this.#options.log(`${deployed.name}: ${error.message}`);
        deployed.stopSchedule = startSchedule(schedule, () => this.run(deployed, definitionId).catch(onFault));
      }
    }
  }

  /** Ends what runs of an App that is stopped. */
  stop(app: App): void {
    this.#apply(app, undefined);
    for (const container of this.#containers) if (container.options.appId === app.id) void container.stop();
  }

  handlers(): ControlPlaneHandlers {
    const { apps, images, log } = this.#options;
    const metadata = ({ name, endpoint }: DeployedFunction, definitionId = "") => ({
      functionName: name,
      webUrl: endpoint?.url ?? "",
      definitionId,
    });
    const publish = (app: App, deployment: Omit<Deployment, "version" | "deployedAt">) => {
      const deployed = {
        ...deployment,
        version: (app.deployments.at(-1)?.version ?? 0) + 1,
        deployedAt: Date.now() / 1000,
      };
      app.deployments.push(deployed);
      this.#apply(app, deployed);
      return { url: `http://127.0.0.1/apps/${app.name}`, deployedAt: deployed.deployedAt };
    };
    return {
      functionPrecreate: async ({ appId, functionName, existingFunctionId, webhookConfig }) => {
        apps.get(appId);
        let deployed = this.#functions.get(existingFunctionId);
        if (!deployed) {
          deployed = { id: newId("fu"), appId, name: functionName, endpoint: undefined, stopSchedule: undefined };
          this.#functions.set(deployed.id, deployed);
        }
        if (webhookConfig && !deployed.endpoint) {
          deployed.endpoint = new WebEndpoint(log);
          await deployed.endpoint.listen();
        }
        return { functionId: deployed.id, handleMetadata: metadata(deployed) };
      },
      functionCreate: async (request, context: CallContext) => {
        const { existingFunctionId, function: definition } = request;
        if (!definition) throw invalid("The emulator runs Functions that are defined with one kind of container");
        if (definition.webhookConfig && definition.webhookConfig.webServerPort === 0) {
          throw invalid("The emulator runs web endpoints of the kind @modal.web_server only");
        }
        const deployed = this.#get(existingFunctionId);
        const version = context.metadata.get("x-modal-client-version")?.toString();
        const packages = definition.imageId ? images.get(definition.imageId).pipRequirements : [];
        const pythonBin = await pythonEnvironment([`modal==${version}`, ...packages], log).catch((error: Error) => {
          throw failedPrecondition(error.message);
        });
        const definitionId = newId("de");
        this.#definitions.set(definitionId, { definition, pythonBin });
        const handleMetadata = metadata(deployed, definitionId);
        const { moduleName, functionName, functionType, webhookConfig, schedule } = definition;
        const functionData = {
          moduleName,
          functionName,
          functionType,
          webUrl: handleMetadata.webUrl,
          webhookConfig,
          schedule,
          rankedFunctions: [{ rank: 0, function: definition }],
        };
        return { functionId: deployed.id, handleMetadata, function: definition, functionData };
      },
      functionGet: async ({ appName, objectTag, environmentName }) => {
        const app = apps.find(appName, apps.environment(environmentName));
        const deployment = app?.deployments.at(-1);
        const deployed = this.#functions.get(deployment?.functionIds[objectTag] ?? "");
        if (!deployed) throw notFound(`Function '${objectTag}' of App '${appName}' not found`);
        const handleMetadata = metadata(deployed, deployment?.definitionIds[deployed.id]);
        return { functionId: deployed.id, handleMetadata };
      },
      appGetLayout: async ({ appId }) => {
        const functionIds = apps.get(appId).deployments.at(-1)?.functionIds ?? {};
        const objects = Object.values(functionIds).map((objectId) => ({
          objectId,
          functionHandleMetadata: metadata(this.#get(objectId)),
        }));
        return { appLayout: { functionIds, objects } };
      },
      appPublish: async ({ appId, name, tags, functionIds, definitionIds, deploymentTag }, context: CallContext) => {
        const app = apps.get(appId);
        for (const id of Object.values(functionIds)) this.#get(id);
        apps.name(app, name);
        app.tags = tags;
        const clientVersion = context.metadata.get("x-modal-client-version")?.toString() ?? "";
        return publish(app, { functionIds, definitionIds, clientVersion, tag: deploymentTag, rollbackVersion: 0 });
      },
      appRollback: async ({ appId, version }) => {
        const app = apps.get(appId);
        const wanted = version < 0 ? (app.deployments.at(-1)?.version ?? 0) + version : version;
        const earlier = app.deployments.find((deployment) => deployment.version === wanted);
        if (!earlier) throw invalid(`App '${app.name}' has no version ${wanted}`);
        return publish(app, { ...earlier, rollbackVersion: wanted });
      },
      appDeploymentHistory: async ({ appId }) => {
        const { deployments } = apps.get(appId);
        return {
          productionAppVersion: deployments.at(-1)?.version ?? 0,
          appDeploymentHistories: deployments.toReversed().map((deployment) => ({
            appId,
            version: deployment.version,
            clientVersion: deployment.clientVersion,
            deployedAt: deployment.deployedAt,
            deployedBy: "emulator",
            tag: deployment.tag,
            rollbackVersion: deployment.rollbackVersion,
            rollbackAllowed: true,
          })),
        };
      },
    };
  }

  async close(): Promise<void> {
    for (const { stopSchedule } of this.#functions.values()) stopSchedule?.();
    await Promise.all([...this.#functions.values()].map(({ endpoint }) => endpoint?.close()));
    await Promise.all(this.#containers.map((container) => container.stop()));
  }
}
