// Pools that cannot be: what Modal or GitHub would refuse, or what contradicts itself, found before anything is deployed.
import { parseGpu } from "./gpu.ts";
import { baseLabels } from "./mismatch.ts";
import type { WrittenPool } from "./pool-schema.ts";
import { writeDuration, writeMemory } from "./units.ts";

/** Something wrong at a place of the document; the path is the written one. */
export interface Finding {
  path: (string | number)[];
  message: string;
}

/** Every contradiction within one pool. */
export function poolFaults(pool: WrittenPool): Finding[] {
  return [
    ...runtimeFaults(pool),
    ...numberFaults(pool),
    ...labelFaults(pool),
    ...volumeFaults(pool),
    ...ceilingFaults(pool),
  ];
}

function runtimeFaults({ docker, runtime, gpu, resources }: WrittenPool): Finding[] {
  const faults: Finding[] = [];
  if (docker === true && runtime === "container") {
    faults.push({ path: ["docker"], message: "Docker needs runtime: vm; leave one of the two out" });
  }
  if (docker === false && runtime === "vm") {
    faults.push({ path: ["docker"], message: "runtime: vm has Docker; leave one of the two out" });
  }
  if (docker !== true && runtime !== "vm") return faults;
  const mend = docker ? "docker: true" : "runtime: vm";
  if (gpu !== undefined) {
    faults.push({ path: ["gpu"], message: `Modal has no GPU for VM Sandboxes; take out gpu or ${mend}` });
  }
  if (resources?.gpus?.length) {
    const message = `Modal has no GPU for VM Sandboxes; take out gpus or ${mend}`;
    faults.push({ path: ["resources", "gpus"], message });
  }
  return faults;
}

function numberFaults(pool: WrittenPool): Finding[] {
  const faults: Finding[] = [];
  const idle = pool["idle-timeout"];
  if (idle !== undefined && idle > pool.timeout) {
    const message = `a runner of this pool lives for ${writeDuration(pool.timeout)} (timeout); write that or less`;
    faults.push({ path: ["idle-timeout"], message });
  }
  if (pool["min-idle"] > pool["max-runners"]) {
    const message = `the pool has ${pool["max-runners"]} runners at most (max-runners); write that or less`;
    faults.push({ path: ["min-idle"], message });
  }
  return faults;
}

function labelFaults({ labels }: WrittenPool): Finding[] {
  if (labels.some((label) => !baseLabels.includes(label.toLowerCase()))) return [];
  const message = `every runner has ${baseLabels.join(", ")}; add a label by which jobs can ask for this pool`;
  return [{ path: ["labels"], message }];
}

function volumeFaults(pool: WrittenPool): Finding[] {
  const faults: Finding[] = [];
  const paths = pool.volumes.map(({ path }) => path);
  for (const [index, path] of paths.entries()) {
    if (paths.indexOf(path) < index) {
      faults.push({ path: ["volumes", index, "path"], message: `there is a Volume at ${path} already` });
    }
  }
  if (pool["min-idle"] > 0 && pool.volumes.some(({ perRepository }) => perRepository)) {
    const message =
      "a runner that waits is of no repository yet, so its Volumes cannot be per-repository; " +
      "write per-repository: false, or take out min-idle";
    faults.push({ path: ["min-idle"], message });
  }
  return faults;
}

function ceilingFaults(pool: WrittenPool): Finding[] {
  const { resources } = pool;
  if (resources === undefined) return [];
  const faults: Finding[] = [];
  const below = (key: keyof typeof resources, own: string) =>
    faults.push({ path: ["resources", key], message: `the pool itself has ${own}; write that or more` });
  const { "max-cpu": cpu, "max-memory": memory, "max-timeout": timeout, "max-gpu-count": gpuCount, gpus } = resources;
  if (cpu !== undefined && cpu < pool.cpu) below("max-cpu", `${pool.cpu} cores`);
  if (memory !== undefined && memory < pool.memory) below("max-memory", writeMemory(pool.memory));
  if (timeout !== undefined && timeout < pool.timeout) below("max-timeout", `timeout ${writeDuration(pool.timeout)}`);
  const own = pool.gpu === undefined ? undefined : parseGpu(pool.gpu);
  if (own === undefined || typeof own === "string") return faults;
  if (gpuCount !== undefined && gpuCount < own.count) below("max-gpu-count", `${own.count} GPUs`);
  if (gpus && !gpus.some((name) => name.toLowerCase() === own.name.toLowerCase())) {
    faults.push({ path: ["resources", "gpus"], message: `the pool itself has ${own.name}; add it to the list` });
  }
  return faults;
}
