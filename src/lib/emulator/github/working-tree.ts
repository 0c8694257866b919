// What the emulator reads of a repository on disk: its commit, its workflow files, and its contents as a tarball.
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseWorkflow } from "../workflow/workflow.ts";
import type { Workflow } from "../workflow/workflow-types.ts";

const run = promisify(execFile);
const workflowFolder = join(".github", "workflows");

/** The commit checked out in a directory; for one that is not the top of a git repository, a constant made of its path. */
export async function headSha(directory: string): Promise<string> {
  if (existsSync(join(directory, ".git"))) {
    try {
      return (await run("git", ["-C", directory, "rev-parse", "HEAD"])).stdout.trim();
    } catch {
      // A repository without a commit yet.
    }
  }
  return createHash("sha1").update(directory).digest("hex");
}

/** Paths of the workflow files, such as `.github/workflows/ci.yml`, in the order of their names. */
export async function workflowPaths(directory: string): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(join(directory, workflowFolder));
  } catch {
    return [];
  }
  return names
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => `.github/workflows/${name}`);
}

/** @throws WorkflowError for a file that GitHub would refuse */
export async function readWorkflow(directory: string, path: string): Promise<Workflow> {
  return parseWorkflow({ path, content: await readFile(join(directory, path), "utf8") });
}

/**
 * The tree as a gzipped tar with one top folder, as GitHub's archives have it: what git tracks and does not ignore, or
 * in a plain directory everything but `.git`.
 */
export async function tarball(directory: string, topFolder: string): Promise<ReadableStream<Uint8Array>> {
  const files = await treeFiles(directory);
  // A link named like the top folder spares tar's renaming options, which GNU and BSD spell differently.
  const links = await mkdtemp(join(tmpdir(), "modal-gha-archive-"));
  await symlink(directory, join(links, topFolder), "dir");
  const tar = spawn("tar", ["-czf", "-", "-C", links, "--null", "--no-recursion", "-T", "-"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const finished = new Promise<void>((resolve, reject) => {
    tar.once("error", reject);
    tar.once("close", (code) => (code === 0 ? resolve() : reject(new Error(`tar ended with exit code ${code}`))));
  }).finally(() => rm(links, { recursive: true, force: true }));
  tar.stdin.on("error", () => {});
  tar.stdin.end(files.map((file) => `${topFolder}/${file}\0`).join(""));
  const chunks = tar.stdout.iterator();
  return new ReadableStream({
    async pull(controller) {
      const chunk = await chunks.next();
      if (!chunk.done) return controller.enqueue(chunk.value);
      await finished;
      controller.close();
    },
    async cancel() {
      tar.kill();
      await finished.catch(() => {});
    },
  });
}

async function treeFiles(directory: string): Promise<string[]> {
  if (!existsSync(join(directory, ".git"))) return plainFiles(directory);
  const options = { maxBuffer: 64 * 1024 * 1024 };
  const git = await run("git", ["-C", directory, "ls-files", "-z", "-co", "--exclude-standard"], options);
  // A tracked file may be gone from the working tree.
  return [...new Set(git.stdout.split("\0"))].filter((file) => file !== "" && existsSync(join(directory, file)));
}

async function plainFiles(directory: string, below = ""): Promise<string[]> {
  const entries = await readdir(join(directory, below), { withFileTypes: true });
  const nested = entries
    .filter((entry) => entry.name !== ".git")
    .map((entry) => {
      const path = below ? `${below}/${entry.name}` : entry.name;
      return entry.isDirectory() ? plainFiles(directory, path) : Promise.resolve([path]);
    });
  return (await Promise.all(nested)).flat();
}
