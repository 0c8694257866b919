// The published runner images. A marked tag says that modal-gha built one, not for which fleet: names are the
// Environment's, so an image is left alone wherever another fleet may use it, unless that is asked for.
import type { ModalClient } from "modal";
import { unlessNotFound } from "../modal/apps.ts";
import { listRunnerImages } from "../modal/images/list.ts";
import { isOfAnotherWorkspace, parseReference } from "../modal/images/tags.ts";
import type { Policy } from "../policy/schema.ts";
import type { Found } from "./stored.ts";
import type { Removable } from "./things.ts";

export interface ImageOptions {
  fleet: string;
  /** Sandboxes of other fleets live here. */
  hasOthers: boolean;
  /** `--images`: also where other fleets may use them. */
  isAsked: boolean;
}

interface Tag {
  tag: string;
  imageId: string;
}

/** AppState of the protocol. */
const gone = [4, 5, 7];

/** @throws what the modal SDK throws */
export async function surveyImages(
  client: ModalClient,
  policy: Pick<Policy, "image" | "pools">,
  { fleet, hasOthers, isAsked }: ImageOptions,
): Promise<Found> {
  const references = [policy.image, ...policy.pools.flatMap(({ image }) => image ?? [])].map(parseReference);
  const isShared = hasOthers || (await hasOtherFleet(client, fleet));
  const found: Found = { things: [], kept: [] };
  for (const name of new Set(references.map((each) => each.name))) {
    if (isOfAnotherWorkspace(name)) {
      found.kept.push({ kind: "image", name, why: "it is in another workspace", remedy: null });
      continue;
    }
    const wanted = references.filter((each) => each.name === name).map(({ tag }) => tag);
    const { ours, foreign } = await readTags(client, name, new Set(["latest", ...wanted]));
    const keep = (tag: string, why: string, remedy: string | null) =>
      found.kept.push({ kind: "image", name: `${name}:${tag}`, why, remedy });
    for (const { tag } of foreign) keep(tag, "modal-gha did not build it", null);
    // Which image a fleet uses is in its policy alone, and fleets are looked for in one Environment.
    const why = name.includes("/")
      ? "it is in an Environment where no other fleets were looked for"
      : "there is another fleet here that may use it";
    if (isAsked || !(isShared || name.includes("/")))
      found.things.push(...ours.map((tag) => removalOf(client, name, tag)));
    else for (const { tag } of ours) keep(tag, why, "modal-gha destroy --images");
  }
  return found;
}

/**
 * The tags that are ours by their mark, after those that stand for one of these images: without the marked ones, nothing
 * would tell any more whose they are.
 */
async function readTags(
  client: ModalClient,
  name: string,
  wanted: Set<string>,
): Promise<Record<"ours" | "foreign", Tag[]>> {
  const aliases: Tag[] = [];
  const foreign: Tag[] = [];
  const marked = new Map<string, Tag>();
  for (const tag of wanted) {
    for (const image of await listRunnerImages(client, `${name}:${tag}`)) {
      if (image.runnerVersion === null) foreign.push(image);
      else marked.set(image.tag, image);
      if (image.runnerVersion !== null && image.isCurrent && image.tag !== tag) {
        if (!aliases.some((alias) => alias.tag === tag)) aliases.push({ tag, imageId: image.imageId });
      }
    }
  }
  // A tag of the policy that is itself a marked one stands for no other.
  return { ours: [...aliases.filter(({ tag }) => !marked.has(tag)), ...marked.values()], foreign };
}

/** Whether there is an App that by its name is another fleet's. */
async function hasOtherFleet(client: ModalClient, fleet: string): Promise<boolean> {
  const { apps } = await client.cpClient.appList({ environmentName: client.environmentName() });
  return apps.some(({ name, description, state }) => {
    const match = /^modal-gha-([^.]+)(\.controller)?$/.exec(name || description);
    return match !== null && match[1] !== fleet && !gone.includes(state);
  });
}

function removalOf(client: ModalClient, name: string, { tag, imageId }: Tag): Removable {
  // With the Environment, since the server's default need not be the client's.
  const place = name.includes("/") || client.environmentName() === "" ? "" : `${client.environmentName()}/`;
  const remove = async () =>
    void (await unlessNotFound(() => client.cpClient.imageNameDelete({ tag: `${place}${name}:${tag}` })));
  return { kind: "image", name: `${name}:${tag}`, id: imageId, mark: "a tag mgha-, as image build gives", remove };
}
