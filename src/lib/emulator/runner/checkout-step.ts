// actions/checkout, the one action that the stand-in knows: fetches the tarball of a commit from GitHub's API and unpacks
// it. There is no git repository afterwards, and no history.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { relative, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { CancelledError, type StepExecution } from "./step-execution.ts";

function text(step: StepExecution, key: string): string {
  const value = step.job.github.get(key);
  return typeof value === "string" ? value : "";
}

function destination(step: StepExecution, path: string): string {
  const directory = resolve(step.job.workspace, path);
  if (relative(step.job.workspace, directory).startsWith("..")) {
    throw new Error(`Repository path '${directory}' is not under '${step.job.workspace}'`);
  }
  mkdirSync(directory, { recursive: true });
  return directory;
}

async function unpack(step: StepExecution, archive: ReadableStream, directory: string): Promise<void> {
  const tar = spawn("tar", ["-xzf", "-", "--strip-components=1", "-C", directory], {
    env: step.job.environment,
    stdio: ["pipe", "ignore", "pipe"],
    signal: step.signal,
  });
  let complaint = "";
  tar.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    complaint += chunk;
  });
  const closed = once(tar, "close");
  // tar's own complaint says more than the broken pipe that it causes.
  const [, result] = await Promise.allSettled([pipeline(Readable.fromWeb(archive), tar.stdin), closed]);
  if (result.status === "rejected") throw result.reason;
  if (result.value[0] !== 0) throw new Error(`The archive could not be unpacked. ${complaint.trim()}`);
}

/** @param inputs `with:`; `repository`, `ref`, `token` and `path` count, the rest is for a git that is not used. */
export async function runCheckout(step: StepExecution, action: string, inputs: Map<string, string>): Promise<boolean> {
  const { job, record } = step;
  const own = job.repository;
  const repository = inputs.get("repository") || own;
  const ref = inputs.get("ref") || (repository.toLowerCase() === own.toLowerCase() ? text(step, "sha") : "");
  record.output(`##[group]Run ${action}`);
  record.output("with:");
  for (const [name, value] of new Map([["repository", repository], ...inputs])) record.output(`  ${name}: ${value}`);
  record.output("##[endgroup]");
  record.output(`Syncing repository: ${repository}`);
  const directory = destination(step, inputs.get("path") ?? "");
  const suffix = ref === "" ? "" : `/${ref.split("/").map(encodeURIComponent).join("/")}`;
  const url = `${text(step, "api_url")}/repos/${repository}/tarball${suffix}`;
  const token = inputs.get("token") || text(step, "token");
  try {
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` }, signal: step.signal });
    if (!response.ok || !response.body) {
      await response.body?.cancel();
      throw new Error(
        `The archive of ${repository} at '${ref || "its default branch"}' is not to be had: ${response.status}.`,
      );
    }
    record.output(`Downloading the archive of '${ref || "the default branch"}'`);
    await unpack(step, response.body as ReadableStream, directory);
  } catch (error) {
    if (step.signal.aborted) throw new CancelledError();
    throw error;
  }
  step.setOutput("ref", ref);
  if (/^[0-9a-f]{40}$/.test(ref)) step.setOutput("commit", ref);
  return true;
}
