// The protobuf services of Modal's API, taken out of the pinned `modal` SDK itself, and the TypeScript shapes of their
// handlers. Nothing is vendored, so the emulator cannot drift from the SDK that talks to it.
import * as sdk from "modal";
import type {
  Client,
  MethodDefinition,
  RawServiceImplementation,
  ServiceImplementation,
  TsProtoServiceDefinition,
} from "nice-grpc";

/** Methods of /modal.client.ModalClient, the control plane: derived from the SDK's own client, which is made of them. */
type ControlPlaneImplementation =
  sdk.ModalClient["cpClient"] extends Client<infer Service, infer _Options> ? ServiceImplementation<Service> : never;

/** Handlers of control plane methods; those that are missing answer UNIMPLEMENTED. */
export type ControlPlaneHandlers = Partial<ControlPlaneImplementation>;
/** The decoded request of a control plane method: `ControlPlaneRequest<"sandboxCreate">`. */
export type ControlPlaneRequest<Method extends keyof ControlPlaneImplementation> = Parameters<
  ControlPlaneImplementation[Method]
>[0];

/** What a Sandbox is made of; shared by both backends. */
export type SandboxDefinition = NonNullable<ControlPlaneRequest<"sandboxCreateV2">["definition"]>;
export type SecretSource = ControlPlaneRequest<"sandboxCreateV2">["secretSources"][number];
export type PtyInfo = NonNullable<SandboxDefinition["ptyInfo"]>;

// The SDK's declarations leave the task command router out, so these follow proto/modal_proto/task_command_router.ts
// inside its dist/index.js, for the methods that are answered here.
type Unary<Request, Response> = MethodDefinition<Request, Request, Response, Response, false, false>;
type ServerStream<Request, Response> = MethodDefinition<Request, Request, Response, Response, false, true>;
type ClientStream<Request, Response> = MethodDefinition<Request, Request, Response, Response, true, false>;
type Empty = Record<never, never>;
interface ExecId {
  taskId: string;
  execId: string;
}
/** At most one is set; neither while the process runs. */
export interface ExitStatus {
  code?: number;
  signal?: number;
}
export interface ExecStart extends ExecId {
  commandArgs: string[];
  /** 0 /dev/null, 1 pipe. */
  stdoutConfig: number;
  /** 0 /dev/null, 1 pipe, 2 into stdout. */
  stderrConfig: number;
  timeoutSecs?: number;
  workdir?: string;
  secretIds: string[];
  ptyInfo?: PtyInfo;
  env: Record<string, string>;
  secretSources: SecretSource[];
}
interface StdinWrite {
  taskId: string;
  offset: number;
  data: Uint8Array;
  eof: boolean;
}
export interface StdinStreamMessage {
  start?: ExecId & { offset: number };
  data?: Uint8Array;
  end?: Empty;
}
/** 0 is standard output, 1 standard error. */
interface StdioRead {
  taskId: string;
  offset: number;
  fileDescriptor: number;
}
type CommandRouter = {
  taskExecStart: Unary<ExecStart, Empty>;
  taskExecWait: Unary<ExecId, ExitStatus>;
  taskExecPoll: Unary<ExecId, ExitStatus>;
  taskExecStdioRead: ServerStream<StdioRead & ExecId, { data: Uint8Array }>;
  taskExecStdinWrite: Unary<StdinWrite & ExecId, Empty>;
  taskExecStdinStatus: Unary<ExecId, { numBytesWritten: number; closed: boolean }>;
  taskExecStdinWriteStream: ClientStream<StdinStreamMessage, Empty>;
  sandboxStdioReadV2: ServerStream<StdioRead, { data: Uint8Array; startingOffset: number }>;
  sandboxStdinWriteV2: Unary<StdinWrite, Empty>;
  taskReloadVolumes: Unary<{ taskId: string }, Empty>;
};
/** Handlers of /modal.task_command_router.TaskCommandRouter. */
export type CommandRouterHandlers = RawServiceImplementation<CommandRouter>;

function pick(name: string, fullName: string): TsProtoServiceDefinition {
  const found: unknown = Reflect.get(sdk, name);
  const definition = found as TsProtoServiceDefinition | undefined;
  if (definition?.fullName === fullName && typeof definition.methods === "object") return definition;
  throw new Error(
    `The modal SDK was loaded without ${name}. The bundle adds it; a program that runs from the sources must call ` +
      "registerModalDefinitions() of scripts/modal-definitions.ts before anything imports modal.",
  );
}

/**
 * The two service definitions that the emulator serves.
 * @throws Error when the SDK was loaded without its definitions being exported, with the mend.
 */
export function serviceDefinitions(): {
  controlPlane: TsProtoServiceDefinition;
  commandRouter: TsProtoServiceDefinition;
} {
  return {
    controlPlane: pick("ModalClientDefinition", "modal.client.ModalClient"),
    commandRouter: pick("TaskCommandRouterDefinition", "modal.task_command_router.TaskCommandRouter"),
  };
}
