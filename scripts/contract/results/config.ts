// What `config` prints under --json.
import { z } from "zod";
import type { PolicyValidation } from "../../../src/lib/operations/policy-validation.ts";
import { type SettingName, settingNames } from "../../../src/lib/settings/definitions.ts";
import type { ListedFleet } from "../../../src/lib/settings/list-fleets.ts";
import type { SettingSource } from "../../../src/lib/settings/settings.ts";
import { record, resultOf } from "../shape.ts";

const name = z.enum(settingNames as [SettingName, ...SettingName[]]);
const file = z.string().describe("Path of the file that settings are stored in.");
const fleet = z.string().nullable().describe("The fleet that it is stored for; null for all.");

const source = resultOf<SettingSource>()(
  z.discriminatedUnion("kind", [
    record({ kind: z.literal("flag"), name: z.string() }),
    record({ kind: z.literal("environment"), name: z.string() }),
    record({ kind: z.literal("stored"), file: z.string(), fleet: z.string().exactOptional() }),
    record({ kind: z.literal("default") }),
  ]),
);

const shown = record({
  name,
  isSet: z.boolean(),
  value: z.string().nullable().describe("Null of secrets, and of what is not set."),
  secret: z.boolean(),
  source: source.nullable(),
});

const fault = record({
  line: z.int(),
  column: z.int(),
  path: z.string().describe("Where in the policy, such as pools[0].gpu; empty for the whole."),
  message: z.string(),
});

export const configResults = {
  "config:get": z.union([shown, z.array(shown)]).describe("The setting that was asked for, or all."),
  "config:set": record({ name, value: z.string(), fleet, file }),
  "config:unset": record({
    name: name.nullable().describe("Null with --all."),
    fleet,
    wasStored: z.boolean(),
    file,
  }),
  "config:path": record({ file, exists: z.boolean() }),
  "config:fleets": z.array(
    resultOf<ListedFleet>()(
      record({
        fleet: z.string(),
        isMeant: z.boolean(),
        policyFile: z.string(),
        githubAppId: z.string().nullable(),
        githubApiUrl: z.string(),
        webhookUrl: z.string().nullable(),
        modalProfile: z.string().nullable(),
        modalEnvironment: z.string().nullable(),
      }),
    ),
  ),
  "config:validate": resultOf<PolicyValidation>()(
    record({
      file: z.string(),
      valid: z.boolean(),
      hash: z.string().nullable().describe("Names the policy's content; null when it is not valid."),
      pools: z.array(z.string()),
      faults: z.array(fault),
      warnings: z.array(fault),
    }),
  ),
  // Not held to PolicyComparison: its `unknown` may be undefined, which JSON leaves out.
  "config:diff": record({
    file: z.string(),
    localHash: z.string(),
    deployedHash: z.string(),
    differences: z
      .array(
        record({
          path: z.string(),
          local: z.unknown().exactOptional().describe("Absent where only the controller has it."),
          deployed: z.unknown().exactOptional().describe("Absent where only the file has it."),
        }),
      )
      .nullable()
      .describe("Null where they differ and the webhook secret, by which the controller tells more, is not at hand."),
  }),
};
