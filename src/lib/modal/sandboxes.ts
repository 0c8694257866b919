// The fleet's Sandboxes on Modal: the port of fleet/ports.ts over the modal SDK.
import type { App, Image, ModalClient, Volume } from "modal";
import { readSandbox } from "../fleet/names.ts";
import { type Modal, NameTaken, type SandboxSpec, Unavailable } from "../fleet/ports.ts";
import type { FleetSandbox } from "../fleet/snapshot.ts";
import type { ModalAccess } from "./client.ts";
import { ownershipTags } from "./names.ts";

/** A call that lists is answered within this time, or counts as not answered. The SDK itself would wait for ever. */
const listTimeoutMs = 30_000;
const imageMs = 60_000;

/** gRPC NOT_FOUND: @grpc/grpc-js constants. */
const notFound = 5;

/** @param fleet only Sandboxes that carry this fleet's tag are seen */
export function sandboxesOnModal(access: ModalAccess, fleet: string): Modal {
  const { client, app } = access;
  const images = new Map<string, { at: number; image: Promise<Image> }>();

  /** A published Image by name; remembered for a minute, since it may be published anew. */
  function image(name: string): Promise<Image> {
    const known = images.get(name);
    if (known && Date.now() - known.at < imageMs) return known.image;
    const found = lookUp(`Image ${name}`, "publish it, or name another one in the policy", () =>
      client.images.fromName(name),
    );
    images.set(name, { at: Date.now(), image: found });
    found.catch(() => images.delete(name));
    return found;
  }

  async function mounts(volumes: SandboxSpec["volumes"]): Promise<Record<string, Volume>> {
    const mounted = volumes.map(async ({ name, path, subPath }) => {
      const volume = await lookUp(`Volume ${name}`, "create it", () =>
        client.volumes.fromName(name, { createIfMissing: true }),
      );
      return [path, subPath === undefined ? volume : volume.withMountOptions({ subPath })] as const;
    });
    return Object.fromEntries(await Promise.all(mounted));
  }

  const list = (which: Which) => listSandboxes(access, ownershipTags(fleet), which);

  return {
    async sandboxes() {
      const infos = await list({ includeFinished: false });
      return infos.flatMap((info) => toSandbox(info) ?? []);
    },

    async ended(since) {
      const infos = await list({ includeFinished: true, since });
      return infos.flatMap((info) => {
        const sandbox = toSandbox(info);
        const endedAt = (info.taskInfo?.finishedAt ?? 0) * 1000;
        return sandbox && endedAt > 0 ? { ...sandbox, endedAt } : [];
      });
    },

    async create(spec: SandboxSpec) {
      return lookUp("App or Image that the Sandbox needs", "see the policy's `fleet` and `image`", async () => {
        const sandbox = await client.sandboxes.create(app, await image(spec.image), {
          name: spec.name,
          tags: spec.tags,
          cpu: spec.cpu,
          memoryMiB: spec.memoryMiB,
          ...(spec.gpu ? { gpu: spec.gpu } : {}),
          ...(spec.regions.length > 0 ? { regions: spec.regions } : {}),
          timeoutMs: spec.timeoutSeconds * 1000,
          ...(spec.runtime === "vm" ? { runtime: "vm" } : {}),
          ...(spec.egress
            ? { outboundDomainAllowlist: spec.egress.domains, outboundCidrAllowlist: spec.egress.cidrs }
            : {}),
          volumes: await mounts(spec.volumes),
          command: spec.command,
          env: spec.environment,
          secrets: await Promise.all([
            client.secrets.fromObject(spec.secretEnvironment),
            ...spec.secrets.map((name) =>
              lookUp(`Secret ${name}`, "create it, or take it out of the policy", () => client.secrets.fromName(name)),
            ),
          ]),
        });
        return { sandboxId: sandbox.sandboxId };
      });
    },

    async retag(sandboxId, tags) {
      await unlessGone(async () => (await client.sandboxes.fromId(sandboxId)).setTags(tags));
    },

    waitForEnd: (sandboxId, timeoutMs) => waitForEnd(client, sandboxId, timeoutMs),
    terminate: (sandboxId) => terminate(client, sandboxId),
  };
}

export interface Which {
  includeFinished: boolean;
  /** Milliseconds since the epoch: only those created since then. */
  since?: number;
}

/**
 * Sandboxes that carry all of these tags, the newest first; without an App those of the client's whole Environment. The SDK's own
 * list() leaves out names and tags, so it would take a call more for every Sandbox.
 * @throws Unavailable
 */
export async function listSandboxes(
  { client, app }: { client: ModalClient; app?: Pick<App, "appId"> },
  tags: Readonly<Record<string, string>>,
  { includeFinished, since = 0 }: Which,
): Promise<SandboxInfo[]> {
  const environmentName = client.environmentName();
  const wanted = Object.entries(tags).map(([tagName, tagValue]) => ({ tagName, tagValue }));
  const found = new Map<string, SandboxInfo>();
  let beforeTimestamp: number | undefined;
  for (;;) {
    const request = { appId: app?.appId, environmentName, beforeTimestamp, includeFinished, tags: wanted };
    const page = await reach(() => client.cpClient.sandboxListV2(request, { timeoutMs: listTimeoutMs }));
    for (const info of page.sandboxes) if (info.createdAt * 1000 >= since) found.set(info.id, info);
    beforeTimestamp = page.sandboxes.at(-1)?.createdAt;
    if (beforeTimestamp === undefined || beforeTimestamp * 1000 < since) return [...found.values()];
  }
}

/** Waits until a Sandbox has ended, at most so many milliseconds; true when it has. @throws Unavailable */
export async function waitForEnd(client: ModalClient, sandboxId: string, timeoutMs: number): Promise<boolean> {
  const sandbox = await client.sandboxes.fromId(sandboxId);
  const deadline = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => deadline.resolve(false), timeoutMs);
  const ended = unlessGone(async () => void (await sandbox.wait())).then(() => true);
  // Once the deadline won, nobody listens to this any more.
  ended.catch(() => undefined);
  try {
    return await Promise.race([ended, deadline.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Ends a Sandbox; one that has ended is no error. @throws Unavailable */
export function terminate(client: ModalClient, sandboxId: string): Promise<void> {
  return unlessGone(async () => void (await (await client.sandboxes.fromId(sandboxId)).terminate()));
}

async function unlessGone(call: () => Promise<void>): Promise<void> {
  try {
    await reach(call);
  } catch (error) {
    if (!(error instanceof Gone)) throw error;
  }
}

export type SandboxInfo = Awaited<ReturnType<ModalAccess["client"]["cpClient"]["sandboxListV2"]>>["sandboxes"][number];

/** Undefined where its tags are not whole. */
export function toSandbox(info: SandboxInfo): FleetSandbox | undefined {
  return readSandbox(info.id, info.name, tagsOf(info));
}

/** A Sandbox's tags by name. */
export function tagsOf(info: SandboxInfo): Record<string, string> {
  return Object.fromEntries(info.tags.map(({ tagName, tagValue }) => [tagName, tagValue]));
}

class Gone extends Error {}

/** Turns the SDK's errors into those of the port. By name, since `instanceof` would load the SDK at start. */
async function reach<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const { name = "", code, message = "" } = error as { name?: string; code?: number; message?: string };
    if (name === "AlreadyExistsError") throw new NameTaken(message);
    if (error instanceof Unavailable) throw error;
    if (name === "NotFoundError" || code === notFound) throw new Gone(message);
    throw new Unavailable("modal", `Modal: ${message || String(error)}`, { cause: error });
  }
}

/** Looks up what a Sandbox needs. @throws Unavailable saying what is missing, and the mend */
async function lookUp<T>(what: string, mend: string, call: () => Promise<T>): Promise<T> {
  try {
    return await reach(call);
  } catch (error) {
    if (!(error instanceof Gone)) throw error;
    throw new Unavailable("modal", `Modal has no ${what}: ${mend}.`, { cause: error });
  }
}
