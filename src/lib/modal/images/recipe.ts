// Makes of image/Dockerfile what Modal is asked to build: a layer for each of its parts, with everything filled in.
import { posix } from "node:path";
import { type Instruction, parseDockerfile } from "./dockerfile.ts";
import type { Variant } from "./tags.ts";

export interface RecipeOptions {
  /** The text of image/Dockerfile. */
  dockerfile: string;
  /** Reads a file that it copies, by its path in image/. */
  readFile(path: string): Buffer;
  runnerVersion: string;
  /** Of its archive for linux-x64, in hexadecimal. */
  sha256: string;
  variant: Variant;
  /** An image to build on in place of the variant's own. */
  from?: string | undefined;
  /** Lines for the end; see readOwnCommands. */
  ownCommands?: readonly string[];
}

export interface Layer {
  /** For people. */
  title: string;
  /** Lines of a Dockerfile without its FROM. */
  commands: string[];
}

export interface Recipe {
  /** What the first layer is built on, in a registry. */
  baseImage: string;
  layers: Layer[];
  runnerVersion: string;
  sha256: string;
  variant: Variant;
}

/** A value that was given is none that belongs into a recipe. */
export class RecipeError extends Error {
  override name = "RecipeError";
}

/** Docker's parser, which Modal's may be, takes no longer line (github.com/moby/buildkit, frontend/dockerfile/parser). */
const longestLine = 65_535;
const imageReference = /^[A-Za-z0-9][\w.-]*(?::\d+)?(?:\/[\w.-]+)*(?::[\w.-]+)?(?:@sha256:[0-9a-f]{64})?$/;

/** @throws RecipeError */
export function composeRecipe(options: RecipeOptions): Recipe {
  const { runnerVersion, sha256, variant, from, ownCommands = [] } = options;
  // These become text of commands that run as root.
  if (!/^\d+\.\d+\.\d+$/.test(runnerVersion)) throw new RecipeError(`"${runnerVersion}" is no version of the runner.`);
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new RecipeError(`"${sha256}" is no SHA-256: 64 hexadecimal digits are.`);
  if (from !== undefined && !imageReference.test(from)) throw new RecipeError(`"${from}" is no image of a registry.`);
  const values: Record<string, string> = {
    RUNNER_VERSION: runnerVersion,
    RUNNER_SHA256: sha256,
    ...(variant === "docker" ? { DOCKER: "1" } : {}),
  };
  const parts = splitParts(options.dockerfile);
  const layers = parts.slice(1).flatMap(({ key, title, instructions }): Layer[] => {
    if (key === "docker" && variant !== "docker") return [];
    const commands = instructions.flatMap((instruction) => fillIn(instruction, values, options.readFile));
    return [{ title, commands: key === "own" ? [...ownCommands, ...commands] : commands }];
  });
  const longest = Math.max(...layers.flatMap(({ commands }) => commands.map((line) => line.length)));
  if (longest >= longestLine) throw new Error(`A line of the image's recipe is too long: ${longest} characters.`);
  const baseImage = from ?? defaultOf(parts[0]!.instructions, variant === "cuda" ? "CUDA_IMAGE" : "UBUNTU_IMAGE");
  return { baseImage, layers, runnerVersion, sha256, variant };
}

interface Part {
  key: string;
  title: string;
  instructions: Instruction[];
}

/** The Dockerfile's parts, by their headings; the first is all that comes before them. */
function splitParts(text: string): Part[] {
  const headings = text.split("\n").flatMap((line, index) => {
    const [, key, title] = /^# part (\w+): (.*)$/.exec(line) ?? [];
    return key && title ? [{ key, title, line: index + 1 }] : [];
  });
  const parts: Part[] = [{ key: "", title: "", instructions: [] }];
  for (const { key, title } of headings) parts.push({ key, title, instructions: [] });
  for (const instruction of parseDockerfile(text, "image/Dockerfile")) {
    const index = headings.findLastIndex(({ line }) => line < instruction.line);
    parts[index + 1]!.instructions.push(instruction);
  }
  return parts;
}

function fillIn(
  { keyword, rest, lines }: Instruction,
  values: Record<string, string>,
  readFile: RecipeOptions["readFile"],
): string[] {
  if (keyword === "ARG") {
    const name = rest.split("=")[0] ?? "";
    return values[name] === undefined ? lines : [`ARG ${name}=${values[name]}`];
  }
  if (keyword === "COPY") {
    const [source = "", target = ""] = rest.split(/\s+/);
    return [writeFile(target, readFile(source))];
  }
  return lines;
}

/** A RUN that writes a file, whatever is in it. */
function writeFile(path: string, content: Buffer): string {
  return `RUN mkdir -p ${posix.dirname(path)} && echo ${content.toString("base64")} | base64 -d >${path}`;
}

function defaultOf(instructions: readonly Instruction[], name: string): string {
  const found = instructions.find(({ keyword, rest }) => keyword === "ARG" && rest.startsWith(`${name}=`));
  if (!found) throw new Error(`image/Dockerfile has no ARG ${name}.`);
  return found.rest.slice(name.length + 1);
}
