// Python for containers whose images ask for packages: a virtual environment for each set of requirements, made once and
// kept in the user's cache folder, as the layers of a built image would be.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { splitWords } from "./dockerfile-words.ts";

/** A package could not be installed; the message holds the last words of who tried. */
export class PythonError extends Error {
  override name = "PythonError";
}

const made = new Map<string, Promise<string>>();

/**
 * The `bin` folder of an environment that has these packages.
 * @param requirements as pip takes them: `modal==1.6.4`
 * @param log hears what pip says
 * @throws PythonError when this machine has no python3, or no way to the packages
 */
export function pythonEnvironment(
  requirements: readonly string[],
  log: (line: string) => void = () => {},
): Promise<string> {
  const wanted = [...new Set(requirements)].sort();
  const hash = createHash("sha256").update(JSON.stringify(wanted)).digest("hex").slice(0, 16);
  const cache = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  const folder = join(cache, "modal-gha", "emulator-python", hash);
  const known = made.get(folder);
  if (known !== undefined) return known;
  const making = make(folder, wanted, log);
  made.set(folder, making);
  making.catch(() => made.delete(folder));
  return making;
}

async function make(folder: string, requirements: string[], log: (line: string) => void): Promise<string> {
  const complete = join(folder, ".complete");
  const unlock = await lock(`${folder}.lock`);
  try {
    if (!existsSync(complete)) {
      // What a process left behind that died while it made it.
      rmSync(folder, { recursive: true, force: true });
      await run("python3", ["-m", "venv", folder], log);
      const install = ["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--progress-bar=off"];
      await run(join(folder, "bin", "python"), [...install, ...requirements], log);
      writeFileSync(complete, "");
    }
  } finally {
    unlock();
  }
  return join(folder, "bin");
}

/** One process at a time makes an environment; virtual environments cannot be made elsewhere and moved. */
async function lock(folder: string): Promise<() => void> {
  const owner = join(folder, "pid");
  mkdirSync(join(folder, ".."), { recursive: true });
  for (;;) {
    try {
      mkdirSync(folder);
      writeFileSync(owner, String(process.pid));
      return () => rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    if (isAbandoned(folder, owner)) rmSync(folder, { recursive: true, force: true });
    else await delay(100);
  }
}

function isAbandoned(folder: string, owner: string): boolean {
  try {
    const pid = Number(readFileSync(owner, "utf8"));
    if (pid > 0) process.kill(pid, 0);
    return false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return true;
    // Between making the folder and writing into it there is a moment; a crash in it leaves the folder empty.
    return existsSync(folder) && Date.now() - statSync(folder).mtimeMs > 5_000;
  }
}

async function run(command: string, args: string[], log: (line: string) => void): Promise<void> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  const last: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      log(line);
      last.push(line);
      if (last.length > 5) last.shift();
    });
  }
  const [code] = (await once(child, "close").catch((error: Error) => [error.message])) as [number | string | null];
  if (code === 0) return;
  throw new PythonError(
    `The emulator could not install Python packages: \`${[command, ...args.slice(0, 3)].join(" ")} ...\` ended with ` +
      `${code}. It needs python3 with venv on this machine, and a way to the packages. ${last.join(" | ")}`,
  );
}

/** What Modal's builder puts into every Python image, to install the rest with. */
const tools = /^(pip|uv|wheel|setuptools)\b/;

/** What the RUN lines of a Dockerfile ask pip for. */
export function pipRequirements(dockerfileCommands: readonly string[]): string[] {
  const text = dockerfileCommands.join("\n").replace(/\\\n/g, " ");
  return [...text.matchAll(/\bpip3? install ([^\n&|;]+)/g)].flatMap(([, words = ""]) =>
    splitWords(words)
      .map((word) => word.replace(/^(["'])(.*)\1$/, "$2"))
      .filter((word) => /^\w/.test(word) && !tools.test(word)),
  );
}
