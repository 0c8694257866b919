// Lays out a runner's folder whose run.sh is the stand-in, so that what starts a real runner starts this one, too.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface StandInProgram {
  /** Absolute path of the Node.js that runs it. */
  node: string;
  /** Absolute path of dist/stand-in-runner.js, or of main.ts beside this file. */
  program: string;
  /**
   * Keep the runner's own files, its work and its tools in HOME rather than beside run.sh or where the image has them: for
   * emulated Sandboxes, which share the folder that run.sh is in, as they share all of this machine's file system but their
   * HOME.
   */
  rootInHome?: boolean;
}

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** Writes `run.sh` (0755) into the folder, which is made if need be. @returns the path of run.sh. */
export function installStandIn(directory: string, { node, program, rootInHome = false }: StandInProgram): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, "run.sh");
  const lines = [
    "#!/bin/bash",
    "# Starts the stand-in for actions/runner.",
    rootInHome
      ? 'RUNNER_ROOT="$HOME/actions-runner" && mkdir -p "$RUNNER_ROOT" && unset RUNNER_TOOL_CACHE AGENT_TOOLSDIRECTORY'
      : 'RUNNER_ROOT="$(cd "$(dirname "$0")" && pwd)"',
    "export RUNNER_ROOT",
    `exec ${quote(node)} ${quote(program)} "$@"`,
  ];
  writeFileSync(path, `${lines.join("\n")}\n`, { mode: 0o755 });
  return path;
}
