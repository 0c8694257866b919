// Modal's own Python client, for tests that deploy with it.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { pythonEnvironment } from "../src/lib/emulator/modal/python.ts";

/** The version of Modal's Python client that is deployed with. */
export const clientVersion = "1.6.4";

/**
 * The folder with the `modal` program, installed where it is not there yet; undefined on a machine that cannot have it,
 * which is said. Where MODAL_GHA_REQUIRE is set, as where changes are judged, that is an error.
 */
export async function modalClient(version = clientVersion): Promise<string | undefined> {
  try {
    return await pythonEnvironment([`modal==${version}`]);
  } catch (error) {
    if (process.env["MODAL_GHA_REQUIRE"]) throw error;
    process.stderr.write(`\nLeft out: tests that deploy with Modal's Python client. ${(error as Error).message}\n`);
    return undefined;
  }
}

/** Runs the `modal` program in a folder. @throws with what it printed when it fails */
export async function runModal(
  bin: string,
  args: readonly string[],
  options: { cwd: string; env: Record<string, string> },
): Promise<string> {
  const env = { PATH: process.env["PATH"], HOME: options.cwd, ...options.env };
  const { stdout } = await promisify(execFile)(join(bin, "modal"), [...args], { cwd: options.cwd, env });
  return stdout;
}
