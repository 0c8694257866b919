// What `init` and `deploy` print under --json.
import { z } from "zod";
import type { InitResult } from "../../../src/lib/init/init.ts";
import { stepNames } from "../../../src/lib/init/progress.ts";
import type { RolledBack } from "../../../src/lib/modal/deploy/rollback.ts";
import type { Deployed } from "../../../src/lib/operations/deploy-controller.ts";
import { record, resultOf } from "../shape.ts";

const url = z.string().describe("Of the controller, without a slash at its end.");
const webhookUrl = z.string().describe("Where GitHub sends webhooks.");

const step = record({
  step: z.enum(stepNames),
  state: z
    .enum(["made", "unchanged", "done", "skipped"])
    .describe("done: looked at and found good, with nothing to make; skipped: asked for, or it does not apply."),
  detail: z.string().describe("For people."),
});

const deployment = {
  fleet: z.string(),
  appId: z.string().describe("Modal's id of the controller's App."),
  appVersion: z.int().describe("Modal's number of what serves now."),
  url,
  webhookUrl,
  version: z.string().describe("Of modal-gha."),
  policyHash: z.string().describe("Names the content of the policy that it runs."),
};

export const setupResults = {
  deploy: z.union([
    resultOf<Deployed>()(
      record({
        ...deployment,
        via: z.enum(["modal", "uvx", "sandbox"]),
        changed: z.boolean().describe("False when the very same was deployed before."),
        configured: z.boolean().describe("Whether it has its GitHub credentials."),
      }),
    ),
    resultOf<RolledBack & { fleet: string }>()(
      record({ ...deployment, rolledBackTo: z.int().describe("With --rollback: the version that serves again.") }),
    ),
  ]),
  init: resultOf<InitResult>()(
    record({
      fleet: z.string(),
      owner: z.string(),
      auth: z.enum(["app", "pat"]),
      policyFile: z.string(),
      controllerUrl: url,
      webhookUrl,
      appId: z.int().nullable().describe("Of the GitHub App; null with a token."),
      settingsFile: z.string(),
      changed: z.boolean().describe("Whether this run made or changed anything."),
      steps: z.array(step),
      workflow: z.string().describe("A workflow to try it with."),
      next: z.array(z.string()).describe("What to type next."),
    }),
  ),
};
