// An emulator and an unmodified SDK client of it, for tests.

import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type App, type Image, ModalClient, type Sandbox, type SandboxCreateParams } from "modal";
import {
  type ModalEmulator,
  type ModalEmulatorOptions,
  startModalEmulator,
} from "../../../../src/lib/emulator/modal/server.ts";
import { type Reaper, startReaper } from "../../../../src/lib/emulator/modal/start-reaper.ts";

let sharedReaper: Promise<Reaper> | undefined;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

export interface Bench extends AsyncDisposable {
  directory: string;
  emulator: ModalEmulator;
  client: ModalClient;
  app: App;
  image: Image;
  /** Creates a Sandbox from the bench's App and Image. */
  create(command: string[] | undefined, params?: SandboxCreateParams): Promise<Sandbox>;
}

/** A client of the emulator; without `sandboxV2` it uses the V1 backend for everything. */
export function connect(
  emulator: Pick<ModalEmulator, "url" | "tokenId" | "tokenSecret">,
  { sandboxV2 = true }: { sandboxV2?: boolean } = {},
): ModalClient {
  process.env["MODAL_SERVER_URL"] = emulator.url;
  process.env["MODAL_SANDBOX_V2"] = sandboxV2 ? "1" : "0";
  const { tokenId, tokenSecret } = emulator;
  return new ModalClient({ tokenId, tokenSecret, logger: silent });
}

export async function startBench(
  options: Partial<ModalEmulatorOptions> & { sandboxV2?: boolean } = {},
): Promise<Bench> {
  const { sandboxV2, ...emulatorOptions } = options;
  const directory = await realpath(options.directory ?? (await mkdtemp(join(tmpdir(), "modal-emulator-"))));
  // One for all emulators of a test file, since each is a process; it ends with the file's.
  sharedReaper ??= startReaper(randomBytes(12).toString("hex"));
  const emulator = await startModalEmulator({ reaper: await sharedReaper, ...emulatorOptions, directory });
  const client = connect(emulator, { sandboxV2: sandboxV2 ?? true });
  const app = await client.apps.fromName("bench", { createIfMissing: true });
  const image = client.images.fromRegistry("debian:12");
  return {
    directory,
    emulator,
    client,
    app,
    image,
    create: (command, params) => client.sandboxes.create(app, image, { ...(command && { command }), ...params }),
    async [Symbol.asyncDispose]() {
      client.close();
      await emulator.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The shell script as a Sandbox's command. */
export function shell(script: string): string[] {
  return ["/bin/sh", "-c", script];
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const result: Item[] = [];
  for await (const item of items) result.push(item);
  return result;
}

/** Whether a process lives; one that nobody has waited for yet does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (!existsSync("/proc/self/stat")) return true;
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}
