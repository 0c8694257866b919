// The control plane's Sandbox calls, of both backends. V1 is what the SDK takes for GPUs, V2 for all else.
import type { CallContext } from "nice-grpc";
import type { Apps } from "./apps.ts";
import type { Credentials } from "./credentials.ts";
import type { ControlPlaneHandlers, ControlPlaneRequest } from "./definitions.ts";
import { failedPrecondition, notFound } from "./errors.ts";
import type { SandboxVersion } from "./ids.ts";
import { type Sandbox, status } from "./sandbox.ts";
import { type SandboxStore, tagsOf } from "./sandbox-store.ts";
import type { Secrets } from "./secrets.ts";

export interface SandboxHandlersOptions {
  apps: Apps;
  sandboxes: SandboxStore;
  secrets: Secrets;
  credentials: Credentials;
  /** `127.0.0.1:port` of this server. */
  address: () => string;
}

/** What Modal gives a Sandbox that asks for nothing: https://modal.com/docs/guide/resources */
const defaults = { milliCpu: 125, memoryMb: 128 };
/** CLIENT_TYPE_CLIENT: Modal's Python client, which unlike the others wants a plaintext address to say so. */
const pythonClient = "1";

function describe(sandbox: Sandbox) {
  const { id, taskId, appId, definition, createdAt } = sandbox.options;
  const { resources } = definition;
  const gpuConfig = resources?.gpuConfig?.gpuType ? resources.gpuConfig : undefined;
  const { startedAt, finishedAt, result } = sandbox;
  return {
    id,
    createdAt,
    appId,
    name: sandbox.name,
    tags: Object.entries(sandbox.tags).map(([tagName, tagValue]) => ({ tagName, tagValue })),
    imageId: definition.imageId,
    timeoutSecs: definition.timeoutSecs,
    idleTimeoutSecs: definition.idleTimeoutSecs,
    regions: definition.schedulerPlacement?.regions ?? [],
    taskInfo: {
      id: taskId,
      sandboxId: id,
      enqueuedAt: createdAt,
      startedAt,
      finishedAt: result ? finishedAt : 0,
      result,
      gpuConfig,
      gpuType: gpuConfig?.gpuType ?? "",
    },
    resourceInfo: {
      milliCpu: { value: resources?.milliCpu || defaults.milliCpu, isDefault: !resources?.milliCpu },
      memoryMb: { value: resources?.memoryMb || defaults.memoryMb, isDefault: !resources?.memoryMb },
      milliCpuMax: resources?.milliCpuMax,
      memoryMbMax: resources?.memoryMbMax,
      gpuType: gpuConfig ? `${gpuConfig.gpuType}:${gpuConfig.count}` : "",
    },
    metadata: { result, appId },
  };
}

async function whenEnded(sandbox: Sandbox, timeoutSecs: number, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + timeoutSecs * 1000;
  while (!sandbox.result && !signal.aborted && Date.now() < deadline) {
    await sandbox.ended.wait({ signal, timeoutMs: deadline - Date.now() });
  }
}

export function sandboxHandlers(options: SandboxHandlersOptions): ControlPlaneHandlers {
  const { apps, sandboxes, secrets, credentials } = options;

  const access = async (sandbox: Sandbox, context: CallContext) => ({
    // Other clients insist on "https:" and then speak plaintext to a loopback address all the same.
    url: `${context.metadata.get("x-modal-client-type") === pythonClient ? "http" : "https"}://${options.address()}`,
    jwt: await credentials.taskToken(sandbox.options.taskId),
  });

  const shared = {
    wait: async (request: ControlPlaneRequest<"sandboxWait">, context: CallContext) => {
      const sandbox = sandboxes.get(request.sandboxId);
      await whenEnded(sandbox, request.timeout, context.signal);
      return { result: sandbox.result, metadata: { result: sandbox.result, appId: sandbox.options.appId } };
    },
    terminate: async ({ sandboxId }: ControlPlaneRequest<"sandboxTerminate">) => {
      const sandbox = sandboxes.get(sandboxId);
      sandbox.stop(status.terminated);
      return { existingResult: sandbox.result };
    },
    setTags: async ({ sandboxId, tags }: ControlPlaneRequest<"sandboxTagsSetV2">) => {
      sandboxes.get(sandboxId).tags = tagsOf(tags);
      return {};
    },
    getTags: async ({ sandboxId }: ControlPlaneRequest<"sandboxTagsGet">) => ({
      tags: describe(sandboxes.get(sandboxId)).tags,
    }),
    getTaskId: async ({ sandboxId }: ControlPlaneRequest<"sandboxGetTaskId">) => ({
      taskId: sandboxes.get(sandboxId).options.taskId,
    }),
    // Ports of a Sandbox are ports of this machine; there is nothing to tunnel.
    getTunnels: async ({ sandboxId }: ControlPlaneRequest<"sandboxGetTunnels">) => {
      sandboxes.get(sandboxId);
      return { tunnels: [] };
    },
  };

  const fromName = (request: ControlPlaneRequest<"sandboxGetFromNameV2">, versions: readonly SandboxVersion[]) => {
    const app = apps.find(request.appName, apps.environment(request.environmentName));
    const sandbox = app && sandboxes.named(app, request.sandboxName, request.includeTerminated);
    if (!sandbox || !versions.includes(sandbox.options.version)) {
      throw notFound(`Sandbox with name '${request.sandboxName}' not found in App '${request.appName}'`);
    }
    return { sandboxId: sandbox.id, metadata: { appId: sandbox.options.appId } };
  };

  return {
    sandboxCreate: async ({ appId, definition, tags }) => {
      const values = secrets.values(definition?.secretIds ?? []);
      const sandbox = await sandboxes.create(1, appId, definition, tags, values);
      return { sandboxId: sandbox.id, metadata: { appId } };
    },
    sandboxCreateV2: async ({ appId, definition, tags, secretSources, ephemeralSecrets }, context) => {
      const values = {
        ...secrets.values(definition?.secretIds ?? []),
        ...ephemeralSecrets?.contents,
        ...secrets.resolve(secretSources),
      };
      const sandbox = await sandboxes.create(2, appId, definition, tags, values);
      const commandRouterAccess = await access(sandbox, context);
      return { sandboxId: sandbox.id, taskId: sandbox.options.taskId, metadata: { appId }, commandRouterAccess };
    },
    sandboxWait: shared.wait,
    sandboxWaitV2: shared.wait,
    sandboxTerminate: shared.terminate,
    sandboxTerminateV2: shared.terminate,
    sandboxTagsSet: shared.setTags,
    sandboxTagsSetV2: shared.setTags,
    sandboxTagsGet: shared.getTags,
    sandboxTagsGetV2: shared.getTags,
    sandboxGetTaskId: shared.getTaskId,
    sandboxGetTaskIdV2: shared.getTaskId,
    sandboxGetTunnels: shared.getTunnels,
    sandboxGetTunnelsV2: shared.getTunnels,
    sandboxList: async (request) => ({ sandboxes: sandboxes.list(request, [1]).map(describe) }),
    sandboxListV2: async (request) => ({ sandboxes: sandboxes.list(request, [1, 2]).map(describe) }),
    sandboxGetFromName: async (request) => fromName(request, [1]),
    // The SDK asks here alone when it wants ended ones too, so both backends must be covered then.
    sandboxGetFromNameV2: async (request) => fromName(request, request.includeTerminated ? [1, 2] : [2]),
    sandboxSetName: async ({ sandboxId, name }) => {
      const sandbox = sandboxes.get(sandboxId);
      if (sandbox.name || sandbox.result) throw failedPrecondition("The Sandbox has a name or is no longer running");
      sandboxes.checkName(apps.get(sandbox.options.appId), name);
      sandbox.name = name;
      return {};
    },
    sandboxStdinWrite: async ({ sandboxId, input, index, eof }) => {
      const sandbox = sandboxes.get(sandboxId);
      sandbox.touch();
      await sandbox.stdin.writeNumbered(index, input, eof);
      return {};
    },
    sandboxGetCommandRouterAccess: async ({ sandboxId }, context) => access(sandboxes.get(sandboxId ?? ""), context),
    taskGetCommandRouterAccess: async ({ taskId }, context) => access(sandboxes.ofTask(taskId ?? ""), context),
  };
}
