// The kinds of values that a policy file holds, each with a message that says what to write instead.
import { z } from "zod";
import { gpuNames, gpuPattern, parseGpu, writeGpu } from "./gpu.ts";
import { durationPattern, memoryPattern, parseDuration, parseMemory } from "./units.ts";

/** Names go into runner names and Sandbox names, which GitHub and Modal limit to 64 characters of [A-Za-z0-9._-]. */
export const name = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?$/, "use 1 to 24 of a-z, 0-9 and -, not at the ends");

/** What Modal takes for the names of its objects: the modal SDK refuses others. */
export const modalName = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/, "Modal's names have 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'");

/** A published Image: `name`, `name:tag`, or either of them with a prefix before a slash. */
export const imageName = z
  .string()
  .regex(
    /^([^\s/:]+\/)*(?!im-)[A-Za-z0-9._-]{1,64}(:[A-Za-z0-9._-]{1,64})?$/,
    "write the name of a published Modal Image, such as modal-gha-runner or modal-gha-runner:2026-06",
  );

export const label = z.string().regex(/^[^,\s]{1,256}$/, "a label has 1 to 256 characters, no spaces and no commas");

export const count = z.number().int("write a whole number").min(0, "write 0 or more");

export const cores = z
  .number()
  .min(0.125, "Modal gives at least 0.125 cores")
  .max(64, "write 64 physical cores or less; one is two vCPUs");

const writeADuration = "write a duration such as 45s, 90m or 2h";
export const duration = z
  .string(writeADuration)
  .meta({ pattern: durationPattern })
  .transform((text, context) => {
    const seconds = parseDuration(text);
    if (seconds !== undefined && seconds > 0) return seconds;
    context.addIssue({ code: "custom", message: writeADuration });
    return z.NEVER;
  });

/** Modal ends every Sandbox after 24 hours at the latest (https://modal.com/docs/guide/sandboxes). */
export const lifetime = duration.refine(
  (seconds) => seconds <= 24 * 3600,
  "Modal ends a Sandbox after 24h; write 24h or less",
);

const writeASize = "write a size of at least 128MiB, such as 512MiB or 32GiB";
export const memory = z
  .string(writeASize)
  .meta({ pattern: memoryPattern })
  .transform((text, context) => {
    const mebibytes = parseMemory(text);
    if (mebibytes !== undefined && mebibytes >= 128) return mebibytes;
    context.addIssue({ code: "custom", message: writeASize });
    return z.NEVER;
  });

export const gpu = z
  .string("write a Modal GPU such as T4, H100 or A100-80GB:2")
  .meta({ pattern: gpuPattern, examples: [...gpuNames] })
  .transform((text, context) => {
    const read = parseGpu(text);
    if (typeof read !== "string") return writeGpu(read);
    context.addIssue({ code: "custom", message: read });
    return z.NEVER;
  });

/** A list in which nothing is twice; upper and lower case count as the same. */
export function distinct<T extends z.ZodType<string>>(entry: T) {
  return z.array(entry).superRefine((entries, context) => {
    for (const [index, text] of entries.entries()) {
      const earlier = entries.findIndex((other) => String(other).toLowerCase() === String(text).toLowerCase());
      if (earlier === index) continue;
      context.addIssue({ code: "custom", path: [index], message: `${text} is in the list already` });
    }
  });
}
