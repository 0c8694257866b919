// Builds a runner image on Modal and publishes it. The one that is in use goes on serving until the new one is whole:
// the name that the policy knows is given to it last.
import type { App, ModalClient } from "modal";
import { buildLayer, ImageBuildError } from "./build-log.ts";
import { listRunnerImages } from "./list.ts";
import type { Recipe } from "./recipe.ts";
import { formatTag, parseReference, type Variant } from "./tags.ts";

export interface BuildOptions {
  client: ModalClient;
  /** The build is charged to it. */
  app: App;
  /** That of the client's where absent. */
  environmentName?: string | undefined;
  /** What the policy calls the image, `name[:tag]`. */
  name: string;
  recipe: Recipe;
  /** Hears which layer is built, and what its build prints. */
  onLine(line: string): void;
  signal: AbortSignal;
  /** Builds every layer anew, with the packages of today, though Modal has the same one already. */
  force?: boolean;
  /** Milliseconds since the epoch. */
  now?(): number;
  /** See LayerListener. */
  retryMs?: number;
}

export interface BuiltImage {
  imageId: string;
  runnerVersion: string;
  /** Of the runner's archive. */
  sha256: string;
  variant: Variant;
  /** False when this very image was published under the name already, and nothing was changed. */
  isNew: boolean;
  /** All `name:tag` that mean it now, the marked ones first. */
  tags: string[];
}

/**
 * A failed or interrupted build changes nothing of what is published.
 * @throws ImageBuildError with the layer's title, or what the SDK's gRPC client throws
 */
export async function buildRunnerImage(options: BuildOptions): Promise<BuiltImage> {
  const { client, app, name, recipe, onLine, signal, now = Date.now } = options;
  const environmentName = client.environmentName(options.environmentName);
  const builderVersion = await client.getImageBuilderVersion(environmentName);
  let imageId: string | undefined;
  for (const [index, { title, commands }] of recipe.layers.entries()) {
    onLine(`[${index + 1}/${recipe.layers.length}] ${title}`);
    const from = imageId === undefined ? recipe.baseImage : "base";
    const request = {
      appId: app.appId,
      dockerfileCommands: [`FROM ${from}`, ...commands],
      baseImageId: imageId,
      builderVersion,
      force: options.force ?? false,
    };
    try {
      imageId = await buildLayer(client, request, { onLine, signal, retryMs: options.retryMs });
    } catch (error) {
      if (!(error instanceof ImageBuildError)) throw error;
      throw new ImageBuildError(error.imageId, `[${index + 1}/${recipe.layers.length}] ${title}: ${error.message}`);
    }
  }
  if (imageId === undefined) throw new Error("The recipe has no layers.");
  const { runnerVersion, sha256, variant } = recipe;
  const built = { imageId, runnerVersion, sha256, variant };
  const { name: base, tag } = parseReference(name);
  const listed = await listRunnerImages(client, name, { environmentName });
  const same = listed.filter((image) => image.isCurrent && image.imageId === imageId && image.runnerVersion !== null);
  if (same.length > 0 && !options.force) {
    return { ...built, isNew: false, tags: [...same.map((image) => `${base}:${image.tag}`), `${base}:${tag}`] };
  }
  const marked = formatTag({ runnerVersion, variant, builtAt: now() });
  for (const each of [marked, tag]) {
    signal.throwIfAborted();
    const request = { imageId, environmentName: base.includes("/") ? "" : environmentName, tag: `${base}:${each}` };
    await client.cpClient.imagePublish({ ...request, allowPublic: false });
  }
  return { ...built, isNew: true, tags: [`${base}:${marked}`, `${base}:${tag}`] };
}
