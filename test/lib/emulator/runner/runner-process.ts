// Starts the stand-in runner as the process that it is, and follows what it prints.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { packageFile } from "../../../../src/lib/package-root.ts";

const requireBanner =
  'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);';

/** One file, bundled as for dist/: it starts four times as fast as the sources. */
function bundle(): { program: string; cache: string } {
  const directory = mkdtempSync(join(tmpdir(), "runner-bundle-"));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  const program = join(directory, "stand-in-runner.mjs");
  buildSync({
    entryPoints: [packageFile("src", "lib", "emulator", "runner", "main.ts")],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "esm",
    banner: { js: requireBanner },
    logLevel: "warning",
  });
  return { program, cache: join(directory, "cache") };
}

const bundled = bundle();
export const runnerProgram = bundled.program;
export const traceEnvironment = { GITHUB_ACTIONS_RUNNER_TRACE: "1", ACTIONS_RUNNER_PRINT_LOG_TO_STDOUT: "1" };

/** A process whose output, both streams together, can be awaited. */
export class FollowedProcess {
  readonly child: ChildProcess;
  output = "";
  readonly exited: Promise<number | null>;
  #changed = Promise.withResolvers<void>();
  #ended = false;

  constructor(child: ChildProcess) {
    this.child = child;
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        this.output += chunk;
        this.#wake();
      });
    }
    this.exited = once(child, "close").then(([code]: (number | null)[]) => {
      this.#ended = true;
      this.#wake();
      return code ?? null;
    });
  }

  get lines(): string[] {
    return this.output.split("\n");
  }

  async seen(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.output);
      if (match) return match;
      if (this.#ended) throw new Error(`The process ended without ${pattern}:\n${this.output}`);
      await this.#changed.promise;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.child.kill("SIGKILL");
    await this.exited;
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** A folder of its own that is removed again. */
export function temporaryDirectory(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "runner-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }) };
}

export function startRunner(root: string, environment: Record<string, string>): FollowedProcess {
  const child = spawn(process.execPath, [runnerProgram], {
    cwd: root,
    env: { PATH: process.env["PATH"], HOME: root, NODE_COMPILE_CACHE: bundled.cache, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return new FollowedProcess(child);
}
