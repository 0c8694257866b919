// Images: what each layer says is recorded and nothing is built. A layer that is the same has the same id.
import { createHash } from "node:crypto";
import type { Apps } from "./apps.ts";
import type { ControlPlaneHandlers } from "./definitions.ts";
import { type Instruction, parseDockerfile } from "./dockerfile.ts";
import { invalid, notFound } from "./errors.ts";
import { contentId } from "./ids.ts";
import { type FailImageBuild, ImageBuilds } from "./image-builds.ts";
import { pipRequirements as ownRequirements } from "./python.ts";

export interface ImageLayer {
  imageId: string;
  /** The lines of this layer alone. */
  dockerfileCommands: readonly string[];
  /** Ids of the images that FROM names, by that name. */
  baseImages: Readonly<Record<string, string>>;
  /** How a container of it starts; those of its base images included. */
  instructions: readonly Instruction[];
  /** Python packages that it has, its base images' included. */
  pipRequirements: readonly string[];
  /** Where the programs of those packages are; absent without any. */
  pythonBin?: string;
}

interface Tag {
  environmentName: string;
  /** `name:tag`. */
  name: string;
  imageId: string;
  /** Seconds since 1970. */
  createdAt: number;
  updatedAt: number;
}

/** GenericStatus of the protocol. */
const success = 1 as const;
/** What ImageListTags answers at once, and the most that may be asked for. */
const pageSize = 100;

/** Splits `[[workspace/]environment/]name[:tag]`; without a tag it is `latest`. */
function parseReference(reference: string, environmentName: string): { environmentName: string; name: string } {
  const parts = reference.split("/");
  const name = parts.pop() ?? "";
  return { environmentName: parts.pop() ?? environmentName, name: name.includes(":") ? name : `${name}:latest` };
}

export class Images {
  readonly #layers = new Map<string, ImageLayer>();
  readonly #tags: Tag[] = [];
  readonly #builds: ImageBuilds;
  #forced = 0;

  constructor(fail?: FailImageBuild) {
    this.#builds = new ImageBuilds(fail);
  }

  /** @throws ServerError NOT_FOUND */
  get(imageId: string): ImageLayer {
    const layer = this.#layers.get(imageId);
    if (!layer) throw notFound(`Could not find image with ID ${imageId}`);
    return layer;
  }

  /** Every layer there is, oldest first, with the names (`name:tag`) under which it is published. */
  list(): (ImageLayer & { names: string[] })[] {
    return [...this.#layers.values()].map((layer) => ({
      ...layer,
      names: this.#tags.filter(({ imageId }) => imageId === layer.imageId).map(({ name }) => name),
    }));
  }

  handlers(apps: Apps): ControlPlaneHandlers {
    const locate = (reference: string, environmentName: string) => {
      const parsed = parseReference(reference, environmentName);
      const environment = apps.environment(parsed.environmentName);
      const tag = this.#tags.find((item) => item.name === parsed.name && item.environmentName === environment);
      return { name: parsed.name, environment, tag };
    };
    return {
      imageGetOrCreate: async ({ appId, image, builderVersion, forceBuild }) => {
        apps.get(appId);
        if (!image) throw invalid("The request holds no image");
        const { dockerfileCommands, buildArgs, gpuConfig } = image;
        const baseImages = Object.fromEntries(image.baseImages.map(({ dockerTag, imageId }) => [dockerTag, imageId]));
        const instructions = parseDockerfile(
          dockerfileCommands.join("\n"),
          (name) => (name in baseImages ? this.get(baseImages[name] ?? "").instructions : undefined),
          buildArgs,
        );
        const pipRequirements = [
          ...Object.values(baseImages).flatMap((id) => this.get(id).pipRequirements),
          ...ownRequirements(dockerfileCommands),
        ];
        const content: unknown[] = [dockerfileCommands, baseImages, buildArgs, gpuConfig, builderVersion];
        if (forceBuild) content.push(`forced ${++this.#forced}`);
        const imageId = contentId("im", createHash("sha256").update(JSON.stringify(content)).digest());
        const known = this.#layers.has(imageId);
        if (!known && !this.#builds.isUnderWay(imageId)) {
          const layer = { imageId, dockerfileCommands, baseImages, instructions, pipRequirements };
          this.#builds.start(layer, builderVersion, (pythonBin) => {
            this.#layers.set(imageId, pythonBin === undefined ? layer : { ...layer, pythonBin });
          });
        }
        // Without a result it is being built, and the client joins.
        return known
          ? { imageId, result: { status: success }, metadata: { imageBuilderVersion: builderVersion } }
          : { imageId };
      },
      imageJoinStreaming: this.#builds.join,
      imageFromId: async ({ imageId }) => ({ imageId: this.get(imageId).imageId }),
      imageDelete: async ({ imageId }) => {
        this.get(imageId);
        this.#layers.delete(imageId);
        return {};
      },
      imagePublish: async ({ imageId, tag: reference, environmentName }) => {
        this.get(imageId);
        const { name, environment, tag } = locate(reference, environmentName);
        const now = Date.now() / 1000;
        if (tag) Object.assign(tag, { imageId, updatedAt: now });
        else this.#tags.push({ environmentName: environment, name, imageId, createdAt: now, updatedAt: now });
        return { imageId };
      },
      imageGetByTag: async ({ tag: reference, environmentName }) => {
        const { name, tag } = locate(reference, environmentName);
        if (!tag || !this.#layers.has(tag.imageId)) throw notFound(`Image '${name}' not found`);
        return { imageId: tag.imageId };
      },
      imageNameDelete: async ({ tag: reference }) => {
        const { name, tag } = locate(reference, "");
        if (!tag) throw notFound(`Image '${name}' not found`);
        this.#tags.splice(this.#tags.indexOf(tag), 1);
        return {};
      },
      imageListTags: async ({ environmentName, tagPrefix, maxObjects, pageToken, imageId }) => {
        if (maxObjects > pageSize) throw invalid(`max_objects must be at most ${pageSize}`);
        const environment = apps.environment(environmentName);
        const all = this.#tags.filter(
          (tag) =>
            tag.environmentName === environment &&
            tag.name.startsWith(tagPrefix) &&
            (imageId === "" || tag.imageId === imageId),
        );
        const from = Number(pageToken || 0);
        const to = from + (maxObjects || pageSize);
        const items = all
          .slice(from, to)
          .map(({ name, imageId, createdAt, updatedAt }) => ({ tag: name, imageId, createdAt, updatedAt }));
        return { items, nextPageToken: to < all.length ? String(to) : "", environmentName: environment };
      },
    };
  }
}
