// Builds a runner image for the policy: the release, its deprecation, the recipe, the build, and what went wrong in words.
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import type { ModalAccess } from "../modal/client.ts";
import type { BuiltImage } from "../modal/images/build.ts";
import type { Recipe } from "../modal/images/recipe.ts";
import type { Variant } from "../modal/images/tags.ts";
import { packageFile } from "../package-root.ts";
import type { GitHubIfAny } from "./image-access.ts";

export interface BuildImageOptions {
  modal: Pick<ModalAccess, "client" | "app">;
  github: GitHubIfAny;
  /** What the policy calls it, `name[:tag]`. */
  name: string;
  variant: Variant;
  /** The newest where absent. */
  runnerVersion?: string | undefined;
  /** Of that version's archive, for where GitHub cannot be asked. */
  runnerSha256?: string | undefined;
  /** An image of a registry in place of our base. */
  from?: string | undefined;
  /** A file with further commands. */
  dockerfile?: string | undefined;
  force?: boolean | undefined;
  signal: AbortSignal;
  /** Hears the build's log. */
  onLine(line: string): void;
  /** Hears what else is worth knowing. */
  onNote(text: string): void;
  /** Milliseconds since the epoch. */
  now(): number;
}

export interface ImageResult extends BuiltImage {
  name: string;
  /** What it is built on. */
  baseImage: string;
  /** ISO 8601; from then on GitHub gives no jobs to its runner. Null where that is not known. */
  deprecatesAt: string | null;
}

/** @throws AbortError with what to type next, or what the SDKs throw */
export async function buildImage(options: BuildImageOptions): Promise<ImageResult> {
  const { modal, name, onLine, onNote, signal, now } = options;
  const [{ findRunnerRelease }, { describeDeprecation }, { buildRunnerImage }] = await Promise.all([
    import("../github/runner-releases.ts"),
    import("../github/deprecations.ts"),
    import("../modal/images/build.ts"),
  ]);
  // What is wrong with the operator's own file is told before anything is asked of anybody.
  const ownCommands = await readOwn(options.dockerfile);
  const { octokit } = options.github;
  const { runnerVersion: version, runnerSha256: sha256 } = options;
  const release = await explained(() => findRunnerRelease({ octokit, version, sha256, signal, onNote }));
  signal.throwIfAborted();
  const deprecation = await options.github.deprecation(release.version);
  if (deprecation) onNote(describeDeprecation(deprecation, now()));
  const recipe = await readRecipe({ ...options, ownCommands, release });
  onNote(`Building ${name} on ${recipe.baseImage} with runner ${release.version} (SHA-256 ${release.sha256})`);
  const { client, app } = modal;
  const { force = false } = options;
  const built = await explained(() => buildRunnerImage({ client, app, name, recipe, onLine, signal, force, now }));
  return {
    name,
    ...built,
    baseImage: recipe.baseImage,
    deprecatesAt: deprecation ? new Date(deprecation.deprecatesAt).toISOString() : null,
  };
}

async function readOwn(file: string | undefined): Promise<string[]> {
  if (file === undefined) return [];
  const { readOwnCommands } = await import("../modal/images/own-commands.ts");
  return explained(async () => readOwnCommands(await readFile(file, "utf8"), file));
}

async function readRecipe(
  options: Pick<BuildImageOptions, "variant" | "from"> & {
    ownCommands: string[];
    release: { version: string; sha256: string };
  },
): Promise<Recipe> {
  const { variant, from, ownCommands, release } = options;
  const { composeRecipe } = await import("../modal/images/recipe.ts");
  return explained(async () =>
    composeRecipe({
      dockerfile: await readFile(packageFile("image", "Dockerfile"), "utf8"),
      readFile: (path) => readFileSync(packageFile("image", path)),
      runnerVersion: release.version,
      sha256: release.sha256,
      variant,
      from,
      ownCommands,
    }),
  );
}

/** What each error that is expected here is called, and what to do about it. By name, so that no module is loaded for it. */
const explanations: Record<string, { code: string; exitCode?: ExitCode; nextSteps: string[] }> = {
  DockerfileError: { code: "dockerfile", nextSteps: [] },
  RecipeError: { code: "usage", exitCode: ExitCode.Usage, nextSteps: ["modal-gha image build --help"] },
  ReleaseError: {
    code: "runner-release",
    nextSteps: [
      "See https://github.com/actions/runner/releases for the versions and their SHA-256.",
      "modal-gha image build --runner-version <version> --runner-sha256 <sha256>",
    ],
  },
  ImageBuildError: {
    code: "image-build-failed",
    nextSteps: ["Mend what the log above names and build again: what was built before it is kept."],
  },
};

async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { name, message } = error as Error;
    const explanation = explanations[name];
    if (!explanation) throw error;
    const isBuild = name === "ImageBuildError";
    const why = isBuild ? { why: `${message}. Nothing was published; the image in use stays.` } : {};
    throw new AbortError(isBuild ? "The image could not be built." : message, { ...explanation, ...why, cause: error });
  }
}
