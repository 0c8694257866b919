// Where this package lies on disk, from a bundle in dist/ as well as from the sources.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

function find(directory: string): string {
  // dist/ holds a package.json of its own, without a name; bin/run.js marks the real root.
  if (existsSync(join(directory, "bin", "run.js"))) return directory;
  const parent = dirname(directory);
  if (parent === directory)
    throw new Error("modal-gha is not installed whole: bin/run.js was not found. Install it again.");
  return find(parent);
}

/** Absolute path of the package's root folder. */
export const packageRoot: string = find(dirname(fileURLToPath(import.meta.url)));

/** Absolute path of a file of the package, such as `packageFile("dist", "reaper.js")`. */
export function packageFile(...parts: string[]): string {
  return join(packageRoot, ...parts);
}
