// Modal's Python client, which alone can deploy: the operator's own `modal`, or `uvx`, which fetches it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** What is taken where we choose. Tested with this very one. */
export const clientVersion = "1.6.4";
/** An installed one must know tags of Apps and all settings of the template. */
const leastVersion = [1, 3, 0] as const;

/** How a controller is deployed. */
export type Via = "modal" | "uvx" | "sandbox";

export interface ClientProgram {
  via: "modal" | "uvx";
  /** What goes before the arguments of `modal`. */
  command: readonly [string, ...string[]];
  /** For people. */
  description: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** @returns the program, or why there is none */
export async function findModal(env: Environment): Promise<ClientProgram | string> {
  const said = await output(["modal", "--version"], env);
  if (said === undefined) return "there is no program `modal`";
  // npm's package of that name is something else.
  const found = /modal client version: ((\d+)\.(\d+)\.(\d+)\S*)/.exec(said);
  if (!found) return "the program `modal` here is not Modal's";
  const [, version, ...parts] = found;
  const difference = leastVersion.map((least, index) => Number(parts[index]) - least).find((each) => each !== 0) ?? 0;
  if (difference >= 0) return { via: "modal", command: ["modal"], description: `modal ${version}` };
  return `the program \`modal\` here is of version ${version}, and ${leastVersion.join(".")} is needed`;
}

/** Has uvx fetch the client, if it has not got it. @returns the program, or why there is none */
export async function findUvx(env: Environment): Promise<ClientProgram | string> {
  if ((await output(["uvx", "--version"], env)) === undefined) return "there is no program `uvx`";
  const command = ["uvx", "--from", `modal==${clientVersion}`, "modal"] as const;
  if ((await output([...command, "--version"], env)) === undefined) return `uvx cannot fetch modal ${clientVersion}`;
  return { via: "uvx", command, description: `uvx with modal ${clientVersion}` };
}

/** Milliseconds: installing the client takes some. */
const longestMs = 120_000;

/** What a program writes to stdout; undefined when it is not there, or fails. */
async function output([program = "", ...args]: readonly string[], env: Environment): Promise<string | undefined> {
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "ignore"], timeout: longestMs });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  try {
    const [code] = (await once(child, "close")) as [number | null];
    return code === 0 ? text : undefined;
  } catch {
    return undefined;
  }
}

export interface RunOptions {
  cwd: string;
  env: Environment;
  onLine(line: string): void;
  signal?: AbortSignal | undefined;
}

/** Milliseconds between asking a program to end and ending it. */
const graceMs = 5_000;

/**
 * Runs a program to its end, in a process group of its own: a Ctrl-C is ours to pass on.
 * @returns its exit code
 * @throws the signal's reason once it has ended after an abort
 */
export async function runProgram(command: readonly string[], options: RunOptions): Promise<number> {
  const { cwd, env, onLine, signal } = options;
  signal?.throwIfAborted();
  const [program = "", ...args] = command;
  const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  const kill = (name: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // It has just ended.
    }
  };
  let timer: NodeJS.Timeout | undefined;
  const onAbort = () => {
    kill("SIGTERM");
    timer = setTimeout(() => kill("SIGKILL"), graceMs);
  };
  signal?.addEventListener("abort", onAbort);
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on("line", onLine);
  try {
    const [code] = (await once(child, "close")) as [number | null];
    signal?.throwIfAborted();
    return code ?? 1;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}
