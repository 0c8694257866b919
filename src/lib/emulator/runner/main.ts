// The stand-in runner: behaves like run.sh of actions/runner towards GitHub, the operator and the job, for `run:` steps
// and actions/checkout. Configured by ACTIONS_RUNNER_INPUT_JITCONFIG or --jitconfig, or by the files of an earlier start.
// Its own switches: RUNNER_ROOT (else the working directory), RUNNER_STAND_IN_VERSION (the release it passes for),
// RUNNER_STAND_IN_RETRY_SECONDS (between attempts to reach GitHub, 30 as in the real one).

import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { isConfigured, readConfiguration, writeJitConfiguration } from "./configuration.ts";
import { Listener } from "./listener.ts";
import { Masker } from "./masker.ts";
import { type ReturnCode, returnCode } from "./return-code.ts";
import { Terminal } from "./terminal.ts";

/** How long a terminated runner may take (Constants.Runner.ExitOnUnloadTimeout). */
const terminateTimeout = 30_000;
const relaunchDelay = 5_000;

const masker = new Masker();
const environment = { ...process.env };
const terminal = new Terminal({ out: process.stdout, error: process.stderr, masker, environment });
const root = environment["RUNNER_ROOT"] || process.cwd();
const shutdown = new AbortController();
let terminated = false;

/** Reads and forgets the JIT configuration: neither the runner's later self nor a step may find it in the environment. */
function takeJitConfiguration(): string | undefined {
  const { values } = parseArgs({ options: { jitconfig: { type: "string" } }, strict: false, allowPositionals: true });
  const fromEnvironment = environment["ACTIONS_RUNNER_INPUT_JITCONFIG"];
  for (const name of Object.keys(environment)) {
    if (!name.startsWith("ACTIONS_RUNNER_INPUT_")) continue;
    delete environment[name];
    delete process.env[name];
  }
  const encoded = typeof values.jitconfig === "string" ? values.jitconfig : fromEnvironment;
  if (encoded) masker.add(encoded);
  return encoded;
}

process.on("SIGINT", () => {
  terminal.line("Exiting...");
  shutdown.abort();
});
process.on("SIGTERM", () => {
  terminated = true;
  shutdown.abort();
  setTimeout(() => exit(143), terminateTimeout).unref();
});
// Whoever read our output may be gone; the job goes on.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

const farewells: Record<number, string> = {
  0: "Runner listener exit with 0 return code, stop the service, no retry needed.",
  1: "Runner listener exit with terminated error, stop the service, no retry needed.",
  5: "Runner listener exit with Session Conflict error, stop the service, no retry needed.",
  7: "Runner listener exit with deprecated version exit code: 7.",
};

/** Ends as run-helper.sh and run.sh do: 0 for everything but a deprecated version. */
async function exit(code: number): Promise<never> {
  const farewell = `${farewells[code] ?? `Exiting with unknown error code: ${code}`}\nExiting runner...\n`;
  // A slow reader may be far behind; what it has not read yet would be lost.
  await new Promise<void>((resolve) => process.stdout.write(farewell, () => resolve()));
  process.exit(code === returnCode.versionDeprecated ? code : 0);
}

async function start(encoded: string | undefined): Promise<ReturnCode> {
  try {
    if (encoded) writeJitConfiguration(root, encoded);
    if (!isConfigured(root)) {
      terminal.error("Runner is not configured.");
      return returnCode.terminated;
    }
    const retrySeconds = Number(environment["RUNNER_STAND_IN_RETRY_SECONDS"]) || 30;
    const configuration = readConfiguration(root);
    const listener = new Listener({
      root,
      configuration,
      terminal,
      masker,
      environment,
      retrySeconds,
      shutdown: shutdown.signal,
    });
    return await listener.run();
  } catch (error) {
    terminal.error(`An error occurred: ${error instanceof Error ? error.message : error}`);
    return returnCode.terminated;
  }
}

let encoded = takeJitConfiguration();
for (;;) {
  const code = await start(encoded);
  if (terminated) await exit(143);
  if (code !== returnCode.retryable) await exit(code);
  terminal.line("Runner listener exit with retryable error, re-launch runner in 5 seconds.");
  await delay(relaunchDelay, undefined, { signal: shutdown.signal }).catch(() => exit(returnCode.success));
  terminal.line("Restarting runner...");
  encoded = undefined;
}
