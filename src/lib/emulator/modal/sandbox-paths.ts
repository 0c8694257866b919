// Where a path of a Sandbox lies on this machine. A Sandbox has no root file system of its own, so its folder stands for
// `/`: file operations see `/cache/a` at `<folder>/cache/a`, and a path that is inside the folder already is taken as it
// is. Nothing outside the folder and the volumes mounted in it can be reached, through symbolic links neither.
import { existsSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { dirname, join, sep } from "node:path";

export interface SandboxPaths {
  /** The Sandbox's own folder; absolute, symbolic links resolved. */
  folder: string;
  /** Folders that links out of it may lead to; absolute, symbolic links resolved. */
  volumes: readonly string[];
}

export class OutsideError extends Error {
  override name = "OutsideError";
}

function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder + sep);
}

/** Resolves links as far as the path exists. */
async function realpathOfExisting(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT" && dirname(path) !== path) {
      return realpathOfExisting(dirname(path));
    }
    throw error;
  }
}

function locate(paths: SandboxPaths, path: string): string {
  const plain = join("/", path);
  return isInside(plain, paths.folder) ? plain : join(paths.folder, plain);
}

/**
 * The file that a file operation means.
 * @param followLast false for operations on a link itself.
 * @throws OutsideError, or the error of the file system, such as ENOTDIR
 */
export async function resolveFile(paths: SandboxPaths, path: string, followLast = true): Promise<string> {
  const file = locate(paths, path);
  const real = await realpathOfExisting(followLast || file === paths.folder ? file : dirname(file));
  if ([paths.folder, ...paths.volumes].some((folder) => isInside(real, folder))) return file;
  throw new OutsideError("The path leads out of the Sandbox");
}

/**
 * The folder a process starts in: the Sandbox's own of that path if it is there (a mounted volume, a folder made by a
 * file operation), else the machine's, else the Sandbox's folder itself.
 */
export function workingDirectory(paths: SandboxPaths, workdir: string | undefined): string {
  if (!workdir || workdir === "/") return paths.folder;
  return [locate(paths, workdir), workdir].find((folder) => existsSync(folder)) ?? paths.folder;
}
