// The runner images at Modal, for each name that the policy has, with the date until which their runners get jobs.
import { listRunnerImages, type RunnerImage } from "../modal/images/list.ts";
import type { ImageAccess } from "./image-access.ts";
import { policyImages } from "./image-name.ts";

export interface ListedImage extends Omit<RunnerImage, "builtAt"> {
  /** ISO 8601. */
  builtAt: string;
  /** ISO 8601; from then on GitHub gives no jobs to its runner. Null where that is not known. */
  deprecatesAt: string | null;
}

/** So many versions are looked up at GitHub, the newest images' first; older ones are past caring. */
const mostVersions = 10;

/** @param name only this one, rather than all that the policy names */
export async function listImages(
  { policy, modal, github }: ImageAccess,
  name: string | undefined,
): Promise<ListedImage[]> {
  const names = name === undefined ? policyImages(policy).map((image) => image.name) : [name];
  const lists = await Promise.all(names.map((each) => listRunnerImages(modal.client, each)));
  const images = lists.flat();
  const versions = [...new Set(images.map((image) => image.runnerVersion))].filter((version) => version !== null);
  const dates = new Map<string, string>();
  for (const version of versions.slice(0, mostVersions)) {
    const deprecation = await github.deprecation(version);
    if (deprecation) dates.set(version, new Date(deprecation.deprecatesAt).toISOString());
  }
  return images.map((image) => ({
    ...image,
    builtAt: new Date(image.builtAt).toISOString(),
    deprecatesAt: dates.get(image.runnerVersion ?? "") ?? null,
  }));
}
