// The program behind bin/run.js: hands the command line to oclif, reports what goes wrong, ends with the right exit code.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "@oclif/core/run";
import { wantsJson } from "./lib/cli/base-command.ts";
import { outputClosedEvent } from "./lib/cli/interrupt.ts";
import { reportError } from "./lib/cli/report-error.ts";
import { processStreams } from "./lib/cli/streams.ts";

/**
 * Runs one command line and ends the process.
 * @param root folder of the package: package.json, oclif.manifest.json and dist/ are there
 */
export async function main(root: string, argv: string[]): Promise<void> {
  process.stdout.on("error", onOutputError);
  process.stderr.on("error", onOutputError);
  process.on("uncaughtException", (error) => process.exit(report(error, argv)));
  let exitCode: number;
  try {
    // Handing package.json over saves oclif the search for it.
    const pjson = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    // `modal-gha help runners ls`, as git and npm have it.
    const line = argv[0] === "help" ? [...argv.slice(1), "--help"] : argv;
    await run(line, { root, pjson });
    exitCode = Number(process.exitCode ?? 0);
  } catch (error) {
    exitCode = report(error, argv);
  }
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  // Connections that are kept alive would hold the process for minutes.
  process.exit(exitCode);
}

function report(error: unknown, argv: string[]): number {
  const io = processStreams({ noColor: argv.includes("--no-color") });
  return reportError(error, { io, json: wantsJson(argv), debug: Boolean(process.env["DEBUG"]) });
}

/** `| head` closes the pipe before we are done: no failure. Work that has clean-up to do gets to do it first. */
function onOutputError(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  const emitter: NodeJS.EventEmitter = process;
  if (!emitter.emit(outputClosedEvent)) process.exit(0);
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => void stream.write("", () => resolve()));
}
