// What there is at Modal, without making any of it.
import type { ModalClient } from "modal";
import { type FoundApp, findApp, unlessNotFound } from "../../modal/apps.ts";
import type { ModalConnection } from "../../modal/client.ts";
import { listRunnerImages, type RunnerImage } from "../../modal/images/list.ts";
import { isOfAnotherWorkspace } from "../../modal/images/tags.ts";
import { appName } from "../../modal/names.ts";
import { type ModalWorkspace, readWorkspace } from "../../modal/workspace.ts";
import { type PolicyImage, policyImages } from "../../operations/image-name.ts";
import { chooseModalProfile } from "../../settings/modal-profile.ts";
import { once } from "../once.ts";
import type { LocalFacts } from "./local.ts";

export interface ImageInUse {
  wanted: PolicyImage;
  /** What the policy's name means now; undefined when nothing is published under it. */
  current: RunnerImage | undefined;
  /** Another workspace's, of which Modal tells only whether it may be used. */
  elsewhere: "usable" | "missing" | undefined;
}

export interface ModalFacts {
  client(): Promise<ModalClient>;
  workspace(): Promise<ModalWorkspace>;
  /** The App of the fleet's Sandboxes. */
  fleetApp(): Promise<FoundApp | undefined>;
  /** Every image that pools start from. */
  images(): Promise<ImageInUse[]>;
  close(): Promise<void>;
}

/** A person waits: what Modal puts off longer than this has failed. */
const maxThrottleSeconds = 10;

export function modalFacts(local: LocalFacts): ModalFacts {
  let opened: ModalConnection | undefined;
  const client = once(async () => {
    chooseModalProfile((await local.settings()).settings);
    const { openModal } = await import("../../modal/client.ts");
    opened = await openModal({ maxThrottleSeconds });
    return opened.client;
  });
  return {
    client,
    workspace: once(async () => readWorkspace(await client())),
    fleetApp: once(async () => {
      const { fleet } = (await local.policy()).policy;
      return findApp(await client(), appName(fleet), fleet);
    }),
    images: once(async () => {
      const { policy } = await local.policy();
      const modal = await client();
      return Promise.all(
        policyImages(policy).map(async (wanted): Promise<ImageInUse> => {
          if (isOfAnotherWorkspace(wanted.name)) {
            const found = await unlessNotFound(() => modal.images.fromName(wanted.name));
            return { wanted, current: undefined, elsewhere: found ? "usable" : "missing" };
          }
          const listed = await listRunnerImages(modal, wanted.name);
          return { wanted, current: listed.find(({ isCurrent }) => isCurrent), elsewhere: undefined };
        }),
      );
    }),
    async close() {
      opened?.close();
    },
  };
}
