// Which release of actions/runner to take, and the SHA-256 of its archive: never one without the other.
import type { Octokit } from "@octokit/rest";
import { isRequestError } from "./errors.ts";

export interface RunnerRelease {
  version: string;
  /** Of actions-runner-linux-x64-<version>.tar.gz, in hexadecimal. */
  sha256: string;
  /** Who says so. `pinned`: this program; `given`: the operator. */
  source: "github" | "pinned" | "given";
}

/** What is taken where GitHub cannot be asked: github.com/actions/runner/releases/tag/v2.338.0. */
export const pinnedRelease = {
  version: "2.338.0",
  sha256: "af4b794c1bc41d73d40535e3fe092a39f9679cd8d965954c2aca25a05ca41d32",
} as const;

/** A network that swallows packets must not hold up a build that can do without. */
const patienceMs = 20_000;

/** There is no such release, or its checksum is not known or not the one that was given. Its message says what to mend. */
export class ReleaseError extends Error {
  override name = "ReleaseError";
}

export interface ReleaseOptions {
  /** Need not be signed in. */
  octokit: Octokit;
  /** `2.338.0` or `v2.338.0`; the newest where absent. */
  version?: string | undefined;
  /** What the archive's SHA-256 must be; only along with a version. */
  sha256?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Hears why the pinned release is taken, or what was given is believed. */
  onNote(text: string): void;
}

/**
 * The newest release, or the one asked for.
 * Source: docs.github.com/rest/releases/releases; the assets' `digest`, and before there was one, the release's text.
 * @throws ReleaseError; whatever else GitHub answers leads to the pinned release, or the SHA-256 that was given
 */
export async function findRunnerRelease(options: ReleaseOptions): Promise<RunnerRelease> {
  const { signal, onNote } = options;
  const version = options.version?.replace(/^v/, "");
  const sha256 = options.sha256?.toLowerCase().replace(/^sha256:/, "");
  if (version !== undefined && !/^\d+\.\d+\.\d+$/.test(version)) {
    throw new ReleaseError(
      `"${options.version}" is no version of the runner: write one such as ${pinnedRelease.version}.`,
    );
  }
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256)) {
    throw new ReleaseError(`"${options.sha256}" is no SHA-256: 64 hexadecimal digits are.`);
  }
  try {
    const found = await readRelease(options.octokit, version, signal);
    if (sha256 === undefined || sha256 === found.sha256) return found;
    throw new ReleaseError(
      `The SHA-256 of runner ${found.version} is ${found.sha256} as GitHub says, not the given ${sha256}.`,
    );
  } catch (error) {
    if (error instanceof ReleaseError || signal?.aborted) throw error;
    // A GitHub Enterprise Server need not have that repository; github.com has.
    const isMissing = isRequestError(error) && error.status === 404;
    const why = reasonOf(error);
    if (version !== undefined && sha256 !== undefined) {
      onNote(`The given SHA-256 of runner ${version} was not compared with GitHub's: ${why}`);
      return { version, sha256, source: "given" };
    }
    if (version === undefined || version === pinnedRelease.version) {
      onNote(`Runner ${pinnedRelease.version} is taken, which may not be the newest: ${why}`);
      return { ...pinnedRelease, source: "pinned" };
    }
    const what = isMissing
      ? `GitHub knows no release v${version} of actions/runner`
      : `GitHub could not be asked: ${why}`;
    throw new ReleaseError(`The SHA-256 of runner ${version} is not known. ${what}.`, { cause: error });
  }
}

async function readRelease(octokit: Octokit, version: string | undefined, signal: AbortSignal | undefined) {
  const patience = AbortSignal.timeout(patienceMs);
  const request = { signal: signal === undefined ? patience : AbortSignal.any([signal, patience]) };
  const repository = { owner: "actions", repo: "runner", request };
  const { data } =
    version === undefined
      ? await octokit.rest.repos.getLatestRelease(repository)
      : await octokit.rest.repos.getReleaseByTag({ ...repository, tag: `v${version}` });
  const found = data.tag_name.replace(/^v/, "");
  if (!/^\d+\.\d+\.\d+$/.test(found))
    throw new ReleaseError(`GitHub's newest runner has no version: ${data.tag_name}.`);
  const file = `actions-runner-linux-x64-${found}.tar.gz`;
  const digest = data.assets.find((asset) => asset.name === file)?.digest;
  const [, fromDigest] = /^sha256:([0-9a-f]{64})$/i.exec(digest ?? "") ?? [];
  const [, fromText] = /<!-- BEGIN SHA linux-x64 -->\s*([0-9a-f]{64})\s*<!-- END SHA/i.exec(data.body ?? "") ?? [];
  if (fromDigest && fromText && fromDigest.toLowerCase() !== fromText.toLowerCase()) {
    const message = `GitHub names two SHA-256 of runner ${found}: ${fromDigest} for the file, ${fromText} in the text.`;
    throw new ReleaseError(`${message} It is not taken.`);
  }
  const sha256 = (fromDigest ?? fromText)?.toLowerCase();
  if (sha256 === undefined) throw new ReleaseError(`GitHub names no SHA-256 of ${file}.`);
  return { version: found, sha256, source: "github" as const };
}

function reasonOf(error: unknown): string {
  if (!isRequestError(error)) return error instanceof Error ? error.message : String(error);
  // Octokit calls it a 500 when no answer came at all.
  if (error.response === undefined) return `GitHub could not be reached (${error.message})`;
  return `GitHub answered ${error.status} (${error.message})`;
}
