// One entry of `pools:` in the policy file: what its runners are, and which jobs they serve.
import { z } from "zod";
import { cidrFault, domainFault } from "./egress.ts";
import { findGpu, gpuNames, parseGpu, unknownGpu } from "./gpu.ts";
import { poolFaults } from "./pool-rules.ts";
import {
  cores,
  count,
  distinct,
  duration,
  gpu,
  imageName,
  label,
  lifetime,
  memory,
  modalName,
  name,
} from "./values.ts";

/** Of 100 labels that GitHub takes for a runner, three are everybody's and one is the job's own. */
const mostLabels = 96;
const defaultIdleSeconds = 300;

const domain = z.string().superRefine(refuse(domainFault));
const cidr = z.string().superRefine(refuse(cidrFault));

const gpuName = z
  .string()
  .meta({ examples: [...gpuNames] })
  .superRefine(refuse((text) => (findGpu(text) ? undefined : unknownGpu(text))));

const volume = z
  .strictObject({
    name: modalName.describe("Name of a Modal Volume; it is created if there is none."),
    path: z
      .string()
      .regex(/^(\/[^/\s]+)+$/, "write an absolute path below /, without a slash at the end, such as /cache")
      .refine(
        (path) => !path.split("/").some((step) => step === "." || step === ".."),
        "write the path without . and ..",
      )
      .describe("Where the runner finds it."),
    "per-repository": z
      .boolean()
      .default(true)
      .describe("Each repository sees a folder of its own. Without that, what one repository writes others read."),
  })
  .transform((written) => ({
    name: written.name,
    path: written.path,
    perRepository: written["per-repository"],
  }));

const ceilings = z
  .strictObject({
    "max-cpu": cores.optional().describe("Physical cores; the pool's own unless told."),
    "max-memory": memory.optional().describe("The pool's own unless told."),
    gpus: distinct(gpuName).optional().describe("GPUs that a label may ask for; the pool's own unless told."),
    "max-gpu-count": count.min(1).max(8).optional().describe("The pool's own count, or 1, unless told."),
    "max-timeout": lifetime.optional().describe("The pool's own unless told."),
  })
  .describe("Ceilings for labels such as modal/cpu=8/memory=32g. Without this block no label may ask for resources.");

const written = z.strictObject({
  name: name.describe("Goes into the names of its runners."),
  labels: distinct(label)
    .min(1, "a pool needs at least one label, or no job can ask for it")
    .max(mostLabels, `GitHub takes 100 labels for a runner; write ${mostLabels} or less`)
    .describe("A job is served by a pool that has all labels of its runs-on."),
  cpu: cores.default(2).describe("Physical cores; one is two vCPUs."),
  memory: memory.prefault("4GiB"),
  gpu: gpu.optional().describe("A GPU of Modal's, or several: T4, H100, A100-80GB:2."),
  timeout: lifetime.prefault("2h").describe("The longest that a job may take; 24h at most."),
  "idle-timeout": duration
    .optional()
    .describe("How long a runner waits for a job; 5m unless told, or the timeout if that is shorter."),
  "max-runners": count.default(20).describe("Sandboxes of this pool at a time."),
  "min-idle": count.default(0).describe("Runners that are kept waiting for jobs, so that one starts at once."),
  runtime: z
    .enum(["container", "vm"], "write container or vm")
    .optional()
    .describe("vm for Docker inside; Modal has no GPU there. container unless told."),
  docker: z.boolean().optional().describe("true is the same as runtime: vm."),
  image: imageName.optional().describe("A published Modal Image of its own."),
  regions: distinct(z.string().regex(/^\S+$/, "a region has no spaces")).default([]).describe("Modal's regions."),
  volumes: z.array(volume).default([]).describe("Modal Volumes, for caches."),
  secrets: distinct(modalName).default([]).describe("Modal Secrets, by name, that jobs find in their environment."),
  egress: z
    .strictObject({
      domains: distinct(domain).default([]).describe("TLS on port 443; *.x stands for x, too."),
      cidrs: distinct(cidr).default([]).describe("Any protocol."),
    })
    .refine(
      ({ domains, cidrs }) => domains.length + cidrs.length > 0,
      "allow something, or the runner cannot reach GitHub",
    )
    .optional()
    .describe("All that the runner may connect to. Without this block it may connect anywhere."),
  resources: ceilings.optional(),
});

/** A pool as it is written, with defaults: what the rules look at, so that their faults name the file's own keys. */
export type WrittenPool = z.output<typeof written>;

export const poolSchema = written.transform((pool, context) => {
  for (const { path, message } of poolFaults(pool)) context.addIssue({ code: "custom", path, message });
  const own = pool.gpu === undefined ? undefined : parseGpu(pool.gpu);
  const ownGpu = typeof own === "string" ? undefined : own;
  const asked = pool.resources;
  return {
    name: pool.name,
    labels: pool.labels,
    cpu: pool.cpu,
    memoryMiB: pool.memory,
    gpu: pool.gpu,
    timeoutSeconds: pool.timeout,
    idleTimeoutSeconds: pool["idle-timeout"] ?? Math.min(defaultIdleSeconds, pool.timeout),
    maxRunners: pool["max-runners"],
    minIdle: pool["min-idle"],
    runtime: pool.runtime ?? (pool.docker ? ("vm" as const) : ("container" as const)),
    image: pool.image,
    regions: pool.regions,
    volumes: pool.volumes,
    secrets: pool.secrets,
    egress: pool.egress,
    /** Ceilings for what a job's label may ask for; a pool without them takes no such label. */
    resources: asked && {
      maxCpu: asked["max-cpu"] ?? pool.cpu,
      maxMemoryMiB: asked["max-memory"] ?? pool.memory,
      gpus: asked.gpus?.map((text) => findGpu(text) ?? text) ?? (ownGpu ? [ownGpu.name as string] : []),
      maxGpuCount: asked["max-gpu-count"] ?? ownGpu?.count ?? 1,
      maxTimeoutSeconds: asked["max-timeout"] ?? pool.timeout,
    },
  };
});

/** Makes a fault out of a function that says what is wrong with a text. */
function refuse(fault: (text: string) => string | undefined) {
  return (text: string, context: z.RefinementCtx<string>) => {
    const message = fault(text);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  };
}
