// What `runners`, `reconcile`, `spawn` and `usage` print under --json.
import { z } from "zod";
import { type ReasonCode, reasons } from "../../../src/lib/fleet/reasons.ts";
import type { KilledRunner, Target } from "../../../src/lib/operations/kill-runners.ts";
import { type ListedRunner, type RunnerState, runnerStates } from "../../../src/lib/operations/list-runners.ts";
import type { ReconciledItem } from "../../../src/lib/operations/reconcile-fleet.ts";
import type { SpawnedJob } from "../../../src/lib/operations/spawn-job.ts";
import { type Usage, type UsageKey, usageKeys } from "../../../src/lib/operations/usage.ts";
import { count, dollars, milliseconds, record, repository, resultOf, time } from "../shape.ts";

/** Why something is done, or is not. */
export const reason = z.enum(Object.keys(reasons) as [ReasonCode, ...ReasonCode[]]);

const runner = record({
  runner: z.string(),
  state: z.enum(runnerStates as [RunnerState, ...RunnerState[]]),
  pool: z.string(),
  job: z.int().describe("The job it runs or waits for; 0 for one that is kept ready."),
  repository: repository.nullable(),
  run: z.int().nullable(),
  sandboxId: z.string().nullable(),
  registrationId: z.int().nullable(),
  createdAt: time,
  ageMs: milliseconds,
  idleMs: milliseconds.nullable().describe("How long it has waited for a job; null unless it is idle."),
  resources: record({
    cpu: z.number().describe("Physical cores."),
    memoryMiB: z.number(),
    gpu: z.string().nullable(),
  }).nullable(),
  dollarsPerHour: dollars.nullable(),
  dollars: dollars.nullable(),
});

const target = resultOf<Target>()(
  runner.extend({ jobName: z.string().nullable().describe("Of the job that runs on it.") }),
);

const killed = resultOf<KilledRunner>()(
  record({
    runner: z.string(),
    sandboxId: z.string().nullable(),
    job: z.int().nullable().describe("The job that was hit; null when none was."),
    result: z.enum(["deregistered", "interrupted", "killed", "kept", "failed"]),
    detail: z.string().nullable().describe("Why it failed; null where it did not."),
  }),
);

const reconciled = resultOf<ReconciledItem>()(
  record({
    action: z.enum(["spawn", "warm", "assign", "finish", "terminate", "deregister", "none"]),
    reason,
    detail: z.string(),
    job: z.int().nullable(),
    runner: z.string().nullable(),
    sandboxId: z.string().nullable(),
    registrationId: z.int().nullable(),
    done: z.boolean().nullable().describe("Whether it was carried out; null for a preview."),
  }),
);

const usageRow = {
  runners: count,
  minutes: z.number(),
  gpuMinutes: z.number(),
  dollars,
  hostedDollars: dollars.nullable().describe("On GitHub-hosted runners; null where it has none for some of it."),
};

export const runnerResults = {
  "runners:ls": z.array(resultOf<ListedRunner>()(runner)),
  "runners:kill": z.union([z.array(killed), z.array(target)]).describe("With --dry-run, the runners; else their ends."),
  "runners:prune": z.array(reconciled),
  reconcile: z.array(reconciled),
  spawn: resultOf<SpawnedJob>()(
    record({
      job: z.int(),
      repository,
      isProvided: z.boolean().describe("Whether the job has a runner now, or had one already."),
      reason,
      detail: z.string(),
      runner: z.string().nullable(),
      sandboxId: z.string().nullable(),
      overLimit: z.string().nullable().describe("The limit that --force went over; null where it was within all."),
    }),
  ),
  usage: resultOf<Usage>()(
    record({
      since: time,
      until: time,
      by: z.enum(usageKeys as [UsageKey, ...UsageKey[]]),
      pricesDate: z.string().describe("Month of Modal's list prices."),
      hostedPricesDate: z.string().describe("Month of GitHub's list prices."),
      rows: z.array(record({ name: z.string().nullable(), ...usageRow })),
      withoutPrice: z.array(z.string()).describe("Pools whose runners are counted without their cost."),
      total: record({ name: z.string().nullable(), ...usageRow }),
    }),
  ),
};
