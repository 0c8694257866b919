// What `deliveries`, `doctor`, `image`, `logs`, `destroy`, `dev` and `demo` print under --json.
import { z } from "zod";
import type { DestroyReport } from "../../../src/lib/destroy/render.ts";
import { checkIds } from "../../../src/lib/doctor/check-ids.ts";
import type { Outcome } from "../../../src/lib/doctor/run.ts";
import type { LogEvent } from "../../../src/lib/modal/entrypoint-log.ts";
import type { ImageResult } from "../../../src/lib/operations/build-image.ts";
import type { ListedDelivery } from "../../../src/lib/operations/list-deliveries.ts";
import type { ListedImage } from "../../../src/lib/operations/list-images.ts";
import type { Redelivered } from "../../../src/lib/operations/redeliver.ts";
import type { DemoSummary } from "../../../src/lib/rehearsal/demo.ts";
import type { DevAnnouncement } from "../../../src/lib/rehearsal/dev-registry.ts";
import { count, milliseconds, record, repository, resultOf, time } from "../shape.ts";

const variant = z.enum(["standard", "docker", "cuda"]);

const delivery = resultOf<ListedDelivery>()(
  record({
    id: z.string().describe("Of the attempt that counts: the last that came through, else the last."),
    guid: z.string().describe("The same for all attempts."),
    deliveredAt: time,
    event: z.string(),
    action: z.string().nullable(),
    repository: z.string().nullable(),
    statusCode: z.int(),
    durationMs: milliseconds,
    attempts: z.int(),
    isFailed: z.boolean(),
    failure: z.string().nullable(),
    decision: z.string().nullable().describe("The controller's reason code; null unless --decisions asks for it."),
  }),
);

const redelivered = resultOf<Redelivered>()(
  record({
    id: z.string(),
    guid: z.string(),
    event: z.string(),
    action: z.string().nullable(),
    result: z.enum(["delivered", "failed", "pending", "refused"]),
    newId: z.string().nullable().describe("Of the new attempt; null before its end."),
    statusCode: z.int().nullable(),
    failure: z.string().nullable(),
  }),
);

const outcome = resultOf<Outcome>()(
  record({
    id: z.enum(checkIds),
    title: z.string(),
    status: z.enum(["ok", "warn", "fail", "skipped"]).describe("skipped: does not apply, or another failed before it."),
    detail: z.string().describe("What was found."),
    mend: z.array(z.string()).describe("What to type or do, most useful first."),
  }),
);

const image = resultOf<ListedImage>()(
  record({
    name: z.string(),
    tag: z.string(),
    imageId: z.string(),
    runnerVersion: z.string().nullable(),
    variant: variant.nullable(),
    builtAt: time,
    isCurrent: z.boolean(),
    deprecatesAt: time.nullable().describe("From then on GitHub gives no jobs to its runner."),
  }),
);

const builtImage = resultOf<ImageResult>()(
  record({
    name: z.string(),
    imageId: z.string(),
    runnerVersion: z.string(),
    sha256: z.string(),
    variant,
    isNew: z.boolean(),
    tags: z.array(z.string()),
    baseImage: z.string(),
    deprecatesAt: time.nullable(),
  }),
);

const job = z.int().describe("Id of the job.");
const at = z.string().describe("ISO 8601.");
const logLine = resultOf<LogEvent & { job: number }>()(
  z.discriminatedUnion("event", [
    record({ job, event: z.literal("output"), at: at.exactOptional(), text: z.string() }),
    record({ job, event: z.literal("starting"), at }),
    record({ job, event: z.literal("listening"), at }),
    record({ job, event: z.literal("job"), at, name: z.string() }),
    record({ job, event: z.literal("step"), at, name: z.string() }),
    record({ job, event: z.literal("step-result"), at, name: z.string(), result: z.string() }),
    record({ job, event: z.literal("job-result"), at, result: z.string() }),
    record({
      ...{ job, event: z.literal("exit"), at, reason: z.string() },
      ...{ result: z.string().nullish(), code: z.int() },
    }),
    record({
      ...{ job, event: z.literal("ended"), code: z.int() },
      reason: z.enum(["timeout", "terminated", "failed", "exited"]),
    }),
  ]),
);

const thing = {
  kind: z.enum(["controller", "webhook", "registration", "sandbox", "app", "secret", "image", "installation", "file"]),
  name: z.string(),
  id: z.string(),
  mark: z.string().describe("By what it is known to be the fleet's."),
};

export const otherResults = {
  completion: record({ shell: z.string(), script: z.string() }),
  "deliveries:ls": z.array(delivery),
  "deliveries:redeliver": z.array(redelivered),
  "image:build": builtImage,
  "image:ls": z.array(image),
  logs: logLine.describe("One line of the output; each is such an event."),
  doctor: z.array(outcome),
  destroy: resultOf<DestroyReport>()(
    record({
      fleet: z.string(),
      isPreview: z.boolean(),
      found: z.array(record(thing)),
      removed: z.array(record(thing)),
      left: z.array(record({ ...thing, error: z.string() })),
      kept: z.array(record({ kind: z.string(), name: z.string(), why: z.string(), remedy: z.string().nullable() })),
      busy: z.array(record({ runner: z.string(), sandboxId: z.string(), job: z.int(), repository })),
    }),
  ),
  dev: resultOf<DevAnnouncement>()(
    record({
      githubUrl: z.string(),
      modalUrl: z.string(),
      webhookUrl: z.string().nullable().describe("Null with --empty."),
      webhookSecret: z.string().nullable(),
      owner: z.string(),
      repository: z.string(),
      appId: z.int(),
      privateKeyFile: z.string(),
      env: z.record(z.string(), z.string()).describe("Every variable to export."),
    }),
  ).describe("One line, when all is up."),
  "dev:env": z.record(z.string(), z.string()).describe("Variables to export."),
  demo: resultOf<DemoSummary>()(
    record({
      jobs: z.array(
        record({
          id: z.int(),
          name: z.string(),
          conclusion: z.string().nullable(),
          labels: z.array(z.string()),
          pool: z.string().nullable(),
          sandboxId: z.string().nullable(),
          runnerName: z.string().nullable(),
          queuedToRunningMs: milliseconds.nullable(),
          durationMs: milliseconds.nullable(),
        }),
      ),
      sandboxesLeft: count,
      registrationsLeft: count,
      processesLeft: count,
    }),
  ),
};
