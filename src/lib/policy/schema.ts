// The shape of `modal-gha.yaml`, as the operator writes it (kebab-case) and as the program uses it (`Policy`).
import { z } from "zod";
import { controllerSchema } from "./controller-schema.ts";
import { suggestion } from "./nearest.ts";
import { policyFaults } from "./policy-rules.ts";
import { poolSchema } from "./pool-schema.ts";
import { findPrice, priceNames } from "./prices.ts";
import { count, distinct, imageName, name } from "./values.ts";

const defaultRunnerGroup = 1;

const github = z
  .strictObject({
    owner: z
      .string()
      .regex(/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})$/, "write the organisation's or user's login")
      .describe("Login of the organisation or user whose jobs are run."),
    scope: z
      .enum(["organization", "repository"], "write organization or repository")
      .default("organization")
      .describe(
        "Where runners are registered: once for the organisation, or in each job's own repository (user accounts know no other).",
      ),
    "runner-group": z
      .union([z.number().int().min(1), z.string().trim().min(1).max(64)], "write a runner group's name or id")
      .default(defaultRunnerGroup)
      .describe("Name or id of the organisation's runner group; 1 is the default one."),
  })
  .transform((written, context) => {
    const asked = written["runner-group"];
    const runnerGroup = String(asked).toLowerCase() === "default" ? defaultRunnerGroup : asked;
    if (written.scope === "repository" && runnerGroup !== defaultRunnerGroup) {
      const message = "only an organisation has runner groups; take it out, or write scope: organization";
      context.addIssue({ code: "custom", path: ["runner-group"], message });
    }
    return {
      owner: written.owner,
      scope: written.scope,
      runnerGroup,
      /** For callers that know ids only; of a group by name it is the default one's. */
      runnerGroupId: typeof runnerGroup === "number" ? runnerGroup : defaultRunnerGroup,
    };
  });

const access = z.strictObject({
  repositories: distinct(z.string().regex(/^[^/\s]+\/[^/\s]+$/, "write owner/name; * is allowed"))
    .optional()
    .describe("Repositories whose jobs are run; owner/* unless told."),
  "fork-pull-requests": z
    .enum(["deny", "isolated"], "write deny or isolated")
    .default("deny")
    .describe("Jobs that run code of a fork: none, or without Volumes, Secrets and free access to the network."),
});

export interface Limits {
  maxRunners: number;
  maxRunnersPerRepository?: number | undefined;
  /** Estimated dollars since midnight UTC. */
  dailyBudgetDollars?: number | undefined;
}

const limits = z
  .strictObject({
    "max-runners": count.default(100).describe("Sandboxes of the fleet at a time."),
    "max-runners-per-repository": count
      .min(1, "write 1 or more")
      .optional()
      .describe("Sandboxes of one repository at a time."),
    "daily-budget-dollars": z
      .number()
      .positive("write dollars, more than 0")
      .optional()
      .describe("No runner is started once so much is spent, by estimate, since midnight UTC."),
  })
  .transform(
    (written): Limits => ({
      maxRunners: written["max-runners"],
      maxRunnersPerRepository: written["max-runners-per-repository"],
      dailyBudgetDollars: written["daily-budget-dollars"],
    }),
  );

const prices = z
  .record(z.string(), z.number().min(0, "write dollars per second"))
  .transform((written, context) => {
    const read: Record<string, number> = {};
    for (const [key, dollars] of Object.entries(written)) {
      const known = findPrice(key);
      if (known !== undefined) read[known] = dollars;
      else {
        const message = `nothing of that name has a price${suggestion(key, priceNames)}; there are ${priceNames.join(", ")}`;
        context.addIssue({ code: "custom", path: [key], message });
      }
    }
    return read;
  })
  .describe(
    "Dollars per second for cpu (a core), memory (a GiB) and GPUs by name, where the built-in ones are out of date.",
  );

const written = z.strictObject({
  fleet: name.describe("Names the Modal App and tags every Sandbox."),
  github,
  image: imageName.default("modal-gha-runner").describe("Name of the published Modal Image that runners start from."),
  access: access.prefault({}),
  limits: limits.prefault({}),
  prices: prices.prefault({}),
  controller: controllerSchema.optional().describe("How the controller is deployed."),
  pools: z.array(poolSchema).min(1, "a policy needs at least one pool"),
});

/** A policy whose parts are sound each by itself. */
export type WrittenPolicy = z.output<typeof written>;

export const policySchema = written.transform((policy, context) => {
  for (const { path, message } of policyFaults(policy)) context.addIssue({ code: "custom", path, message });
  return {
    ...policy,
    access: {
      repositories: policy.access.repositories ?? [`${policy.github.owner}/*`],
      forkPullRequests: policy.access["fork-pull-requests"],
    },
  };
});

/** The operator's policy, checked and with every default filled in. */
export type Policy = z.output<typeof policySchema>;
export type Pool = Policy["pools"][number];
