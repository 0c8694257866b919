// The shape of `modal-gha.yaml`, as the operator writes it (kebab-case) and as the program uses it (`Policy`).
import { z } from "zod";
import { parseDuration, parseMemory } from "./units.ts";

/** Names go into runner names and Sandbox names, which GitHub and Modal limit to 64 characters of [A-Za-z0-9._-]. */
const name = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?$/, "use 1 to 24 of a-z, 0-9 and -, not at the ends");

const duration = z.string().transform((text, context) => {
  const seconds = parseDuration(text);
  if (seconds !== undefined && seconds > 0) return seconds;
  context.addIssue({ code: "custom", message: "write a duration such as 45s, 90m or 2h" });
  return z.NEVER;
});

const memory = z.string().transform((text, context) => {
  const mebibytes = parseMemory(text);
  if (mebibytes !== undefined && mebibytes >= 128) return mebibytes;
  context.addIssue({ code: "custom", message: "write a size of at least 128MiB, such as 512MiB or 32GiB" });
  return z.NEVER;
});

/** Modal ends every Sandbox after 24 hours at the latest (modal.com/docs/guide/sandboxes). */
const longestSandboxSeconds = 24 * 3600;

const label = z.string().regex(/^[^,\s]{1,256}$/, "a label has no spaces and no commas");
const count = z.number().int().min(0);

const pool = z
  .strictObject({
    name,
    labels: z.array(label).min(1, "a pool needs at least one label, or no job can ask for it"),
    /** Physical cores; one is two vCPUs. */
    cpu: z.number().min(0.125).max(64).default(2),
    memory: memory.prefault("4GiB"),
    gpu: z
      .string()
      .regex(/^[A-Za-z0-9-]+[!+]?(:[1-8])?$/, "write a Modal GPU such as T4, H100 or A100-80GB:2")
      .optional(),
    timeout: duration
      .refine((seconds) => seconds <= longestSandboxSeconds, "Modal ends a Sandbox after 24h; write 24h or less")
      .prefault("2h"),
    "idle-timeout": duration.prefault("5m"),
    "max-runners": count.default(20),
    image: z.string().min(1).optional(),
    regions: z.array(z.string().min(1)).default([]),
  })
  .transform((written) => ({
    name: written.name,
    labels: written.labels,
    cpu: written.cpu,
    memoryMiB: written.memory,
    gpu: written.gpu,
    timeoutSeconds: written.timeout,
    idleTimeoutSeconds: written["idle-timeout"],
    maxRunners: written["max-runners"],
    image: written.image,
    regions: written.regions,
  }));

const github = z
  .strictObject({
    owner: z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})$/, "write the organisation's or user's login"),
    /** Where runners are registered: once for the organisation, or in each job's own repository (user accounts know no other). */
    scope: z.enum(["organization", "repository"]).default("organization"),
    "runner-group": z.number().int().min(1).default(1),
  })
  .transform((written) => ({
    owner: written.owner,
    scope: written.scope,
    runnerGroupId: written["runner-group"],
  }));

export const policySchema = z
  .strictObject({
    fleet: name,
    github,
    image: z.string().min(1).default("modal-gha-runner"),
    access: z
      .strictObject({ repositories: z.array(z.string().regex(/^[^/\s]+\/[^/\s]+$/, "write owner/name; * is allowed")) })
      .optional(),
    limits: z
      .strictObject({ "max-runners": count.default(100) })
      .transform((written) => ({ maxRunners: written["max-runners"] }))
      .prefault({}),
    pools: z.array(pool).min(1, "a policy needs at least one pool"),
  })
  .superRefine((policy, context) => {
    const seen = new Map<string, number>();
    policy.pools.forEach((entry, index) => {
      const earlier = seen.get(entry.name);
      if (earlier !== undefined) {
        context.addIssue({
          code: "custom",
          path: ["pools", index, "name"],
          message: `pool ${earlier + 1} has the name ${entry.name} already`,
        });
      }
      seen.set(entry.name, index);
    });
  })
  .transform((policy) => ({
    ...policy,
    access: policy.access ?? { repositories: [`${policy.github.owner}/*`] },
  }));

/** The operator's policy, checked and with every default filled in. */
export type Policy = z.output<typeof policySchema>;
export type Pool = Policy["pools"][number];
