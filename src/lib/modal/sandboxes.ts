// The fleet's Sandboxes on Modal: the port of fleet/ports.ts over the modal SDK.
import type { Image } from "modal";
import { ownershipTag, readSandbox } from "../fleet/names.ts";
import { type Modal, NameTaken, type SandboxSpec, Unavailable } from "../fleet/ports.ts";
import type { FleetSandbox } from "../fleet/snapshot.ts";
import type { ModalAccess } from "./client.ts";

/** gRPC NOT_FOUND: @grpc/grpc-js constants. */
const notFound = 5;

/** @param fleet only Sandboxes that carry this fleet's tag are seen */
export function sandboxesOnModal({ client, app }: ModalAccess, fleet: string): Modal {
  const images = new Map<string, Promise<Image>>();

  /** A published Image by name. A refused look-up is not remembered: the next job may find it published. */
  function image(name: string): Promise<Image> {
    const known = images.get(name);
    if (known) return known;
    const found = client.images.fromName(name);
    images.set(name, found);
    found.catch(() => images.delete(name));
    return found;
  }

  return {
    async sandboxes() {
      const tags = Object.entries({ ...ownershipTag, fleet }).map(([tagName, tagValue]) => ({ tagName, tagValue }));
      const found = new Map<string, FleetSandbox>();
      let beforeTimestamp: number | undefined;
      // The SDK's own list() leaves out names and tags, so it would take a call more for every Sandbox.
      for (;;) {
        const page = await reach(() =>
          client.cpClient.sandboxListV2({ appId: app.appId, beforeTimestamp, includeFinished: false, tags }),
        );
        if (page.sandboxes.length === 0) return [...found.values()];
        for (const info of page.sandboxes) {
          const own = Object.fromEntries(info.tags.map((tag) => [tag.tagName, tag.tagValue]));
          const sandbox = readSandbox(info.id, info.name, own);
          if (sandbox) found.set(info.id, sandbox);
        }
        beforeTimestamp = page.sandboxes.at(-1)?.createdAt;
      }
    },

    async create(spec: SandboxSpec) {
      return reach(async () => {
        const sandbox = await client.sandboxes.create(app, await image(spec.image), {
          name: spec.name,
          tags: spec.tags,
          cpu: spec.cpu,
          memoryMiB: spec.memoryMiB,
          ...(spec.gpu ? { gpu: spec.gpu } : {}),
          ...(spec.regions.length > 0 ? { regions: spec.regions } : {}),
          timeoutMs: spec.timeoutSeconds * 1000,
          command: spec.command,
          env: spec.environment,
          secrets: [await client.secrets.fromObject(spec.secretEnvironment)],
        });
        return { sandboxId: sandbox.sandboxId };
      });
    },

    async retag(sandboxId, tags) {
      await unlessGone(async () => (await client.sandboxes.fromId(sandboxId)).setTags(tags));
    },

    async waitForEnd(sandboxId, timeoutMs) {
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
    },

    async terminate(sandboxId) {
      await unlessGone(async () => void (await (await client.sandboxes.fromId(sandboxId)).terminate()));
    },
  };
}

async function unlessGone(call: () => Promise<void>): Promise<void> {
  try {
    await reach(call);
  } catch (error) {
    if (!(error instanceof Gone)) throw error;
  }
}

class Gone extends Error {}

/** Turns the SDK's errors into those of the port. By name, since `instanceof` would load the SDK at start. */
async function reach<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const { name = "", code, message = "" } = error as { name?: string; code?: number; message?: string };
    if (name === "AlreadyExistsError") throw new NameTaken(message);
    if (name === "NotFoundError" || code === notFound) {
      if (/image/i.test(message)) {
        const mend = "Publish the runner image, or name another one in the policy.";
        throw new Unavailable("modal", `Modal has no such Image: ${message}. ${mend}`, { cause: error });
      }
      throw new Gone(message);
    }
    throw new Unavailable("modal", `Modal: ${message || String(error)}`, { cause: error });
  }
}
