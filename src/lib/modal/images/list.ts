// The runner images that are published under a name: ours by their marked tags, and whatever the policy's name means.
import type { ModalClient } from "modal";
import { isOfAnotherWorkspace, parseReference, parseTag, type Variant } from "./tags.ts";

export interface RunnerImage {
  /** Without its tag. */
  name: string;
  tag: string;
  imageId: string;
  /** Null for an image without our mark. */
  runnerVersion: string | null;
  variant: Variant | null;
  /** Milliseconds since the epoch; for an image without our mark, when it was published. */
  builtAt: number;
  /** Whether new Sandboxes start from it. */
  isCurrent: boolean;
}

/** The most that ImageListTags answers at once. */
const pageSize = 100;

/**
 * The newest first. An image in use that modal-gha did not build is in the list as well, by the tag that the policy
 * names; other tags without our mark are not. None of another workspace: Modal lists this one's alone.
 * @param reference what the policy calls the image, `[prefix/]name[:tag]`
 * @throws what the SDK's gRPC client throws
 */
export async function listRunnerImages(
  client: ModalClient,
  reference: string,
  { environmentName }: { environmentName?: string | undefined } = {},
): Promise<RunnerImage[]> {
  const { name, tag } = parseReference(reference);
  const slash = name.lastIndexOf("/");
  const bare = name.slice(slash + 1);
  if (isOfAnotherWorkspace(name)) return [];
  const environment = slash < 0 ? environmentName : name.slice(0, slash);
  const items = await listTags(client, `${bare}:`, client.environmentName(environment));
  const tags = items.map((item) => ({ ...item, tag: item.tag.slice(item.tag.lastIndexOf(":") + 1) }));
  const current = tags.find((item) => item.tag === tag);
  const marked = tags.flatMap((item): RunnerImage[] => {
    const read = parseTag(item.tag);
    if (!read) return [];
    return [{ name, tag: item.tag, imageId: item.imageId, ...read, isCurrent: item.imageId === current?.imageId }];
  });
  marked.sort((a, b) => b.builtAt - a.builtAt);
  if (!current || marked.some((image) => image.isCurrent)) return marked;
  const { imageId, updatedAt, createdAt } = current;
  const builtAt = (updatedAt || createdAt) * 1000;
  return [{ name, tag, imageId, runnerVersion: null, variant: null, builtAt, isCurrent: true }, ...marked];
}

async function listTags(client: ModalClient, tagPrefix: string, environmentName: string) {
  const items: { tag: string; imageId: string; createdAt: number; updatedAt: number }[] = [];
  let pageToken = "";
  do {
    const page = await client.cpClient.imageListTags({ environmentName, tagPrefix, maxObjects: pageSize, pageToken });
    items.push(...page.items);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return items;
}
