// The one label in which a job asks for resources of its own: `modal/gpu=h100:2/cpu=8/memory=32g/timeout=2h/run=<text>`.
import { type Gpu, parseGpu, writeGpu } from "./gpu.ts";
import { suggestion } from "./nearest.ts";
import type { Pool } from "./schema.ts";
import { parseDuration, parseMemory, writeDuration, writeMemory } from "./units.ts";

/** What a Sandbox gets. */
export interface Resources {
  /** Physical cores. */
  cpu: number;
  memoryMiB: number;
  /** As Modal takes it, such as `H100:2`. */
  gpu: string | undefined;
  timeoutSeconds: number;
}

/** What a resource label asks for; what it does not name stays as the pool has it. */
export interface Request {
  cpu?: number;
  memoryMiB?: number;
  gpu?: Gpu;
  timeoutSeconds?: number;
}

const partNames = ["gpu", "cpu", "memory", "timeout", "run"];
const smallestMemoryMiB = 128;
const smallestCpu = 0.125;

/**
 * Reads the parts after the first `/` of a resource label. `run=` is free text that makes the label unique, so that no
 * other job's runner has it; it cannot hold a `/`.
 * @returns what is asked for, or what is wrong with the label
 */
export function parseRequest(label: string): Request | string {
  const request: Request = {};
  const seen = new Set<string>();
  for (const part of label.split("/").slice(1)) {
    const sign = part.indexOf("=");
    const name = (sign < 0 ? part : part.slice(0, sign)).toLowerCase();
    const value = sign < 0 ? "" : part.slice(sign + 1);
    if (part === "") return "it has an empty part: two slashes in a row, or one at the end";
    if (!partNames.includes(name)) {
      const hint = seen.has("run") ? "; the text of run= ends at the next slash" : suggestion(name, partNames);
      return `it has no part "${name}"${hint}; there are ${partNames.map((known) => `${known}=`).join(", ")}`;
    }
    if (value === "") return `${name}= has no value`;
    if (seen.has(name)) return `${name}= is there twice`;
    seen.add(name);
    const problem = readPart(name, value, request);
    if (problem !== undefined) return problem;
  }
  return request;
}

function readPart(name: string, value: string, request: Request): string | undefined {
  switch (name) {
    case "gpu": {
      const gpu = parseGpu(value);
      if (typeof gpu === "string") return `gpu=${value}: ${gpu}`;
      request.gpu = gpu;
      return undefined;
    }
    case "cpu": {
      const cpu = /^\d{1,4}(\.\d{1,6})?$/.test(value) ? Number(value) : 0;
      if (cpu < smallestCpu) return `cpu=${value}: write physical cores, at least ${smallestCpu}, such as cpu=8`;
      request.cpu = cpu;
      return undefined;
    }
    case "memory": {
      const memory = parseMemory(value) ?? 0;
      if (memory < smallestMemoryMiB) {
        return `memory=${value}: write a size of at least ${smallestMemoryMiB}MiB, such as memory=32g`;
      }
      request.memoryMiB = memory;
      return undefined;
    }
    case "timeout": {
      const seconds = parseDuration(value) ?? 0;
      if (seconds < 1) return `timeout=${value}: write a duration, such as timeout=90m`;
      request.timeoutSeconds = seconds;
      return undefined;
    }
    default:
      return undefined;
  }
}

/**
 * What the pool gives to such a request.
 * @returns the resources, or which ceiling of the pool it is over
 */
export function grant(pool: Pool, request: Request): Resources | string {
  const { cpu, memoryMiB, gpu, timeoutSeconds } = pool;
  const granted: Resources = { cpu, memoryMiB, gpu, timeoutSeconds };
  const { resources: ceiling } = pool;
  // A label with nothing but run= asks for no more than the pool gives anyway.
  if (Object.keys(request).length === 0) return granted;
  if (ceiling === undefined) return `pool ${pool.name} lets no label ask for resources: it has no resources block`;
  const over = (asked: string, most: string) => `${asked} is over the ceiling of pool ${pool.name}: ${most} at most`;
  if (request.cpu !== undefined) {
    if (request.cpu > ceiling.maxCpu) return over(`cpu=${request.cpu}`, String(ceiling.maxCpu));
    granted.cpu = request.cpu;
  }
  if (request.memoryMiB !== undefined) {
    if (request.memoryMiB > ceiling.maxMemoryMiB) {
      return over(`memory=${writeMemory(request.memoryMiB)}`, writeMemory(ceiling.maxMemoryMiB));
    }
    granted.memoryMiB = request.memoryMiB;
  }
  if (request.timeoutSeconds !== undefined) {
    if (request.timeoutSeconds > ceiling.maxTimeoutSeconds) {
      return over(`timeout=${writeDuration(request.timeoutSeconds)}`, writeDuration(ceiling.maxTimeoutSeconds));
    }
    granted.timeoutSeconds = request.timeoutSeconds;
  }
  if (request.gpu !== undefined) {
    const { name, count } = request.gpu;
    if (!ceiling.gpus.includes(name)) {
      const allowed = ceiling.gpus.length > 0 ? `it allows ${ceiling.gpus.join(", ")}` : "it allows none";
      return `pool ${pool.name} lets no label ask for ${name}; ${allowed}`;
    }
    if (count > ceiling.maxGpuCount) return over(`gpu=${writeGpu(request.gpu)}`, `${ceiling.maxGpuCount} GPUs`);
    granted.gpu = writeGpu(request.gpu);
  }
  return granted;
}
