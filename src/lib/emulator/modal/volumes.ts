// Volumes: a folder each, which Sandboxes reach by a symbolic link.
import { mkdir, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Apps } from "./apps.ts";
import type { ControlPlaneHandlers, SandboxDefinition } from "./definitions.ts";
import { invalid } from "./errors.ts";
import { newId } from "./ids.ts";
import { type NamedObject, NamedStore } from "./named-store.ts";

interface Volume extends NamedObject {
  /** VolumeFsVersion, 1 or 2: recorded and told, no more. */
  version: 1 | 2;
}

export class Volumes {
  readonly #volumes = new NamedStore<Volume>("Volume");
  readonly #directory: string;

  /** @param directory where the volumes' folders go. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** @throws ServerError NOT_FOUND when one does not exist, INVALID_ARGUMENT for mounts that a link cannot make. */
  check(mounts: SandboxDefinition["volumeMounts"]): void {
    for (const { volumeId } of mounts) this.#volumes.get(volumeId);
    const paths = mounts.map(({ mountPath }) => join("/", mountPath, "/")).sort();
    const nested = paths.find((path, index) => path === "/" || path.startsWith(paths[index - 1] ?? "\0"));
    if (nested) throw invalid(`A Volume cannot be mounted at ${nested}: it holds, or lies in, something else`);
  }

  /**
   * Links the volumes into a Sandbox's folder: what Modal mounts at `/cache` is at `<folder>/cache`. A mount that is
   * asked to be read-only can be written all the same, since a link cannot forbid it.
   */
  async mount(mounts: SandboxDefinition["volumeMounts"], folder: string): Promise<void> {
    for (const { volumeId, mountPath, subPath } of mounts) {
      // Joined to "/" first, so that no `..` leads out.
      const target = join(this.#directory, volumeId, join("/", subPath ?? ""));
      const link = join(folder, join("/", mountPath));
      await mkdir(target, { recursive: true });
      await mkdir(dirname(link), { recursive: true });
      await symlink(target, link);
    }
  }

  /** The folder of every volume that is mounted: file operations may follow links to these. */
  folders(mounts: SandboxDefinition["volumeMounts"]): string[] {
    return mounts.map(({ volumeId }) => join(this.#directory, volumeId));
  }

  handlers(apps: Apps): ControlPlaneHandlers {
    const describe = ({ name, version }: Volume) => ({ name, version });
    return {
      volumeGetOrCreate: async ({ deploymentName, environmentName, objectCreationType, version }) => {
        const environment = apps.environment(environmentName);
        const { item } = this.#volumes.getOrCreate(
          { name: deploymentName, environmentName: environment, type: objectCreationType },
          () => ({
            id: newId("vo"),
            name: deploymentName,
            environmentName: environment,
            createdAt: Date.now() / 1000,
            version: version === 2 ? 2 : 1,
          }),
        );
        await mkdir(join(this.#directory, item.id), { recursive: true });
        return { volumeId: item.id, version: item.version, metadata: describe(item) };
      },
      volumeList: async ({ environmentName }) => {
        const environment = apps.environment(environmentName);
        return {
          environmentName: environment,
          items: this.#volumes.list(environment).map((volume) => ({
            label: volume.name,
            volumeId: volume.id,
            createdAt: volume.createdAt,
            metadata: describe(volume),
          })),
        };
      },
      volumeDelete: async ({ volumeId }) => {
        this.#volumes.delete(volumeId);
        await rm(join(this.#directory, volumeId), { recursive: true, force: true });
        return {};
      },
      volumeHeartbeat: async () => ({}),
      // A folder is always up to date.
      volumeCommit: async () => ({}),
      volumeReload: async () => ({}),
    };
  }
}
