// An emulator of Modal's gRPC API on loopback, for the unmodified `modal` SDK. Sandboxes are child processes of this one;
// images are recorded, not built: of their layers ENV, ARG, WORKDIR, ENTRYPOINT and CMD count when a Sandbox starts.
//
// A Sandbox has no root file system of its own. Its folder, also its HOME and where it starts by default, stands for `/`:
// a Volume mounted at `/cache` is `$HOME/cache`, and the SDK's file operations on `/tmp/a` mean `$HOME/tmp/a`. An absolute
// path that a process itself opens is the machine's.
//
// Functions are deployed by Modal's own Python client; what is deployed runs: see functions.ts.
import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createServer, type ServiceImplementation, type TsProtoServiceDefinition } from "nice-grpc";
import { Apps, defaultEnvironment, type EnvironmentLimits } from "./apps.ts";
import { writeContainerPrograms } from "./container-programs.ts";
import { Credentials } from "./credentials.ts";
import { serviceDefinitions } from "./definitions.ts";
import { hostEnvironment, sandboxVariable } from "./environment.ts";
import { Functions } from "./functions.ts";
import { gate, type Intercept } from "./gate.ts";
import type { FailImageBuild } from "./image-builds.ts";
import { type ImageLayer, Images } from "./images.ts";
import { logHandlers } from "./log-handlers.ts";
import { livingProcesses } from "./process-table.ts";
import { routerHandlers } from "./router-handlers.ts";
import { status } from "./sandbox.ts";
import { sandboxHandlers } from "./sandbox-handlers.ts";
import { SandboxStore } from "./sandbox-store.ts";
import { Secrets } from "./secrets.ts";
import { completeService } from "./service.ts";
import { type Reaper, startReaper } from "./start-reaper.ts";
import { Uploads } from "./uploads.ts";
import { Volumes } from "./volumes.ts";

export interface ModalEmulatorOptions {
  /** Where the folders of Sandboxes and Volumes go; made if absent. */
  directory: string;
  /** 0, the default, takes any free port. */
  port?: number;
  /** The token pair that clients must show; random by default. */
  tokenId?: string;
  tokenSecret?: string;
  /** Variables that Sandboxes inherit; PATH, the locale and the time zone of this process by default. */
  environment?: Record<string, string>;
  /** Told when Sandboxes start and end. */
  log?: (line: string) => void;
  /** Ends what is left when this process dies; an own one by default. One that is given is not closed. */
  reaper?: Reaper;
  /** Injects faults. */
  intercept?: Intercept;
  /** How many Sandboxes a list call answers at once. Default 100. */
  pageSize?: number;
  /** Makes builds of image layers fail. */
  failImageBuild?: FailImageBuild;
  /** What is told of the limits of Environments; looked at anew for each call, and not enforced. */
  limits?: EnvironmentLimits;
  /** Whether scheduled Functions run when it is time; they do by default. */
  schedules?: "run" | "ignore";
  /** Milliseconds that a Sandbox has between SIGTERM and SIGKILL. Default 5000. */
  terminationGraceMs?: number;
}

export interface RunningSandbox {
  sandboxId: string;
  /** Empty when it has none. */
  name: string;
  /** Of its main process; undefined while that is being started. */
  pid: number | undefined;
  tags: Record<string, string>;
}

export interface ModalEmulator extends AsyncDisposable {
  /** Value of MODAL_SERVER_URL: `http://127.0.0.1:<port>`. */
  readonly url: string;
  readonly tokenId: string;
  readonly tokenSecret: string;
  /** Every variable that a client needs. */
  environment(): Record<string, string>;
  running(): RunningSandbox[];
  /** Every image layer there is, oldest first, with the names under which it is published. */
  images(): (ImageLayer & { names: string[] })[];
  /** Runs a deployed Function once, as its schedule would; its exit code. */
  runFunction(appName: string, functionName: string): Promise<number>;
  /** Ids of the living processes that belong to any Sandbox or container. */
  processes(): Promise<number[]>;
  /** Kills every Sandbox, ends every call and stops listening. Nothing is left running. */
  close(): Promise<void>;
}

/** Bytes; as much as the SDK accepts. The default of 4 MiB is less than what it sends. */
const maxMessageLength = 100 * 1024 * 1024;
const defaultGrace = 5000;
const defaultPageSize = 100;

/**
 * Starts the emulator on 127.0.0.1.
 * @throws Error when the port is taken, or when the SDK was loaded without its service definitions (definitions.ts)
 */
export async function startModalEmulator(options: ModalEmulatorOptions): Promise<ModalEmulator> {
  const definitions = serviceDefinitions();
  const directory = resolve(options.directory);
  await mkdir(directory, { recursive: true });
  const reaper = options.reaper ?? (await startReaper(randomBytes(12).toString("hex")));
  const credentials = new Credentials(options.tokenId, options.tokenSecret);
  const apps = new Apps(options.limits);
  const images = new Images(options.failImageBuild);
  const secrets = new Secrets();
  const volumes = new Volumes(join(directory, "volumes"));
  const uploads = new Uploads(join(directory, "uploads"));
  const shared = {
    apps,
    images,
    reaper,
    directory,
    host: options.environment ?? hostEnvironment(),
    grace: options.terminationGraceMs ?? defaultGrace,
    log: options.log ?? (() => {}),
  };
  const functions = new Functions({
    ...shared,
    secrets,
    uploads,
    programs: await writeContainerPrograms(join(directory, "programs")),
    runsSchedules: options.schedules !== "ignore",
  });
  const sandboxes = new SandboxStore({
    ...shared,
    volumes,
    pageSize: options.pageSize ?? defaultPageSize,
  });
  let port = 0;
  const controlPlane = {
    ...credentials.handlers(),
    ...apps.handlers(
      (app) => {
        for (const sandbox of sandboxes.running(app)) sandbox.stop(status.terminated);
        functions.stop(app);
      },
      (app) => sandboxes.running(app).length + functions.running(app),
      credentials.tokenId,
    ),
    ...images.handlers(apps),
    ...secrets.handlers(apps),
    ...volumes.handlers(apps),
    ...sandboxHandlers({ apps, sandboxes, secrets, credentials, address: () => `127.0.0.1:${port}` }),
    ...logHandlers(sandboxes, functions),
    ...uploads.handlers(),
    ...functions.handlers(),
  };
  const server = createServer({
    "grpc.max_receive_message_length": maxMessageLength,
    "grpc.max_send_message_length": maxMessageLength,
  }).use(gate(credentials, options.intercept));
  const add = (definition: TsProtoServiceDefinition, handlers: object) =>
    server.add(
      definition,
      completeService(definition, { ...handlers }) as ServiceImplementation<TsProtoServiceDefinition>,
    );
  add(definitions.controlPlane, controlPlane);
  add(definitions.commandRouter, routerHandlers(sandboxes, secrets));
  const closeReaper = async () => (options.reaper ? undefined : reaper.close());
  try {
    port = await server.listen(`127.0.0.1:${options.port ?? 0}`);
  } catch (error) {
    await closeReaper();
    throw error;
  }

  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await Promise.all([sandboxes.close(), functions.close()]);
    uploads.close();
    server.forceShutdown();
    await closeReaper();
  };
  const url = `http://127.0.0.1:${port}`;
  const { tokenId, tokenSecret } = credentials;
  return {
    url,
    tokenId,
    tokenSecret,
    environment() {
      // gRPC goes through a proxy that is set, even to loopback.
      const noProxy = ["127.0.0.1", "localhost", process.env["no_proxy"] ?? process.env["NO_PROXY"]]
        .filter(Boolean)
        .join(",");
      return {
        MODAL_SERVER_URL: url,
        MODAL_TOKEN_ID: tokenId,
        MODAL_TOKEN_SECRET: tokenSecret,
        MODAL_ENVIRONMENT: defaultEnvironment,
        // Keeps what ~/.modal.toml says about the real Modal out of it; the file need not exist.
        MODAL_CONFIG_PATH: join(directory, "modal.toml"),
        no_proxy: noProxy,
        NO_PROXY: noProxy,
      };
    },
    running: () =>
      sandboxes.running().map(({ id, name, pid, tags }) => ({ sandboxId: id, name, pid, tags: { ...tags } })),
    images: () => images.list(),
    async runFunction(appName, functionName) {
      const app = apps.find(appName, defaultEnvironment);
      if (!app) throw new Error(`No App ${appName} is deployed.`);
      return functions.runByName(app, functionName);
    },
    processes() {
      const all = sandboxes.all();
      const ids = new Set(all.map(({ id }) => id));
      return livingProcesses(
        (row) =>
          ids.has(row.variable(sandboxVariable) ?? "") ||
          all.some((sandbox) => sandbox.belongs(row)) ||
          functions.containers().some((container) => container.belongs(row)),
      );
    },
    close: () => (closed ??= close()),
    [Symbol.asyncDispose]: () => (closed ??= close()),
  };
}
