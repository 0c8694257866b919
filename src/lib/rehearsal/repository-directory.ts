// Which working tree a rehearsal serves as its repository.
import { existsSync, globSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { AbortError } from "../cli/errors.ts";
import { packageFile } from "../package-root.ts";

export interface RepositoryDirectory {
  directory: string;
  /** A name that GitHub would take: its folder's, with other characters replaced. */
  name: string;
  /** File names under `.github/workflows`. */
  workflows: string[];
}

/** The repository that ships with this package. */
export function sampleRepository(): RepositoryDirectory {
  return { ...inspect(packageFile("templates", "sample-repository")), name: "sample" };
}

/**
 * The repository in a folder.
 * @param given the folder, or its `.github/workflows`
 * @throws AbortError when it has no workflow files
 */
export function repositoryIn(given: string): RepositoryDirectory {
  const found = inspect(resolve(given).replace(/[\\/]\.github([\\/]workflows)?[\\/]?$/, ""));
  if (found.workflows.length > 0) return found;
  const folder = join(found.directory, ".github", "workflows");
  throw new AbortError(`There are no workflow files in ${folder}.`, {
    code: "no-workflows",
    why: existsSync(found.directory) ? "It has no *.yml or *.yaml file." : `${found.directory} does not exist.`,
    nextSteps: ["Name the folder of a repository that has some, or leave the option out for the sample repository."],
  });
}

function inspect(directory: string): RepositoryDirectory {
  const workflows = globSync("*.{yml,yaml}", { cwd: join(directory, ".github", "workflows") }).sort();
  const name = basename(directory).replace(/[^A-Za-z0-9._-]/g, "-") || "repository";
  return { directory, name, workflows };
}
