// What `jobs ls` and `explain` print under --json.
import { z } from "zod";
import type { LabelsExplanation } from "../../../src/lib/operations/explain/explain-labels.ts";
import type { JobExplanation } from "../../../src/lib/operations/explain/explanation.ts";
import { type JobState, jobStates, type ListedJob } from "../../../src/lib/operations/list-jobs.ts";
import { milliseconds, record, repository, resultOf, time } from "../shape.ts";
import { reason } from "./runners.ts";

const listed = resultOf<ListedJob>()(
  record({
    job: z.int(),
    run: z.int(),
    attempt: z.int(),
    repository,
    name: z.string(),
    labels: z.array(z.string()),
    url: z.string(),
    state: z
      .enum(jobStates as [JobState, ...JobState[]])
      .describe("held: GitHub itself holds it back, for an approval or another run."),
    conclusion: z.string().nullable(),
    createdAt: time,
    startedAt: time.nullable(),
    completedAt: time.nullable(),
    waitedMs: milliseconds.nullable(),
    ranMs: milliseconds.nullable(),
    pool: z.string().nullable(),
    runner: z.string().nullable().describe("The runner that took it, or that waits for it."),
    sandboxId: z.string().nullable(),
    decision: reason.nullable().describe("What the fleet decides about it now; null where that cannot be told."),
    detail: z.string().nullable(),
  }),
);

const decision = record({
  reason,
  meaning: z.string().describe("Of the reason code, whatever the job."),
  detail: z.string(),
  policy: z
    .array(record({ path: z.string(), line: z.int().nullable().describe("Null for a default."), text: z.string() }))
    .describe("The lines of the policy file that led to it."),
});

const limits = z.array(
  record({
    what: z.string(),
    used: z.number(),
    most: z.number(),
    unit: z.enum(["Sandboxes", "dollars"]),
  }),
);

const unseen = z.array(record({ what: z.string(), why: z.string() })).describe("What could not be read.");

const job = resultOf<JobExplanation>()(
  record({
    job: record({
      id: z.int(),
      run: z.int().nullable(),
      attempt: z.int().nullable(),
      repository,
      name: z.string().nullable(),
      labels: z.array(z.string()).nullable(),
      url: z.string().nullable(),
      status: z.enum(["queued", "waiting", "pending", "requested", "in_progress", "completed"]).nullable(),
      conclusion: z.string().nullable(),
      createdAt: time.nullable(),
      startedAt: time.nullable(),
      completedAt: time.nullable(),
      runner: z.string().nullable(),
      isForkPullRequest: z.boolean().nullable(),
    }),
    isOurs: z.boolean().describe("Whether the fleet serves it, served it, or was asked to."),
    summary: z.string(),
    events: z.array(
      record({
        at: time,
        kind: z.enum([
          ...(["created", "delivery", "answer", "sandbox-created", "sandbox-placed"] as const),
          ...(["taken", "runner-exit", "sandbox-ended", "completed"] as const),
        ]),
        source: z.enum(["github", "modal", "controller", "runner"]),
        text: z.string(),
        isBad: z.boolean(),
      }),
    ),
    decision: decision.nullable(),
    also: z.array(decision).describe("About Sandboxes and registrations that were made for the job."),
    limits,
    sandboxes: z.array(
      record({
        id: z.string(),
        runner: z.string(),
        pool: z.string(),
        createdAt: time,
        placedAt: time.nullable(),
        endedAt: time.nullable(),
        madeFor: z.int().nullable(),
        job: z.int(),
        end: z.string().nullable(),
      }),
    ),
    next: z.array(z.string()).describe("What will happen without anybody doing anything."),
    toType: z.array(z.string()).describe("Commands, and things to do, the most useful first."),
    unseen,
  }),
);

const labels = resultOf<LabelsExplanation>()(
  record({
    labels: z.array(z.string()),
    repository,
    decision: decision.nullable(),
    pool: z.string().nullable(),
    resources: record({
      cpu: z.number(),
      memoryMiB: z.number(),
      gpu: z.string().nullable(),
      timeoutSeconds: z.number(),
    }).nullable(),
    runnerLabels: z.array(z.string()).nullable(),
    limits,
    unseen,
  }),
);

export const jobResults = {
  "jobs:ls": z.array(listed),
  explain: z.union([job, labels]).describe("Of a job; or, with --labels, of one that would ask for them."),
};
