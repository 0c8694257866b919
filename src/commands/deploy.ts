import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../lib/cli/base-command.ts";
import { AbortError } from "../lib/cli/errors.ts";
import { ExitCode } from "../lib/cli/exit-codes.ts";
import { plainText } from "../lib/cli/text.ts";
import type { Via } from "../lib/modal/deploy/client-program.ts";
import { type Deployed, deployFleet, openDeployAccess, rollBackFleet } from "../lib/operations/deploy-controller.ts";
import {
  customDomainFault,
  isCustomDomain,
  isRegion,
  mostMinContainers,
  regionFault,
} from "../lib/policy/controller-schema.ts";

const ways: Via[] = ["modal", "uvx", "sandbox"];

export default class Deploy extends BaseCommand<typeof Deploy> {
  static override summary = "Deploy the controller to Modal, with the policy as it is now.";
  static override description =
    "Takes Modal's own client if there is one, else uvx, else a Sandbox, so that no Python is needed here. What was " +
    "deployed must answer as the very same, or the version of before serves again. Changes no runner. The flags' " +
    "settings are the policy's `controller` block unless told.\n" +
    "JSON: {fleet, appId, appVersion, url, webhookUrl, via, version, policyHash, changed, configured}; with --rollback " +
    "rolledBackTo in place of via, changed and configured.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --min-containers 1 --region us-east",
    "<%= config.bin %> <%= command.id %> --rollback",
  ];
  static override args = {
    version: Args.integer({ description: "With --rollback: Modal's number of the version to go back to.", min: 1 }),
  };
  static override flags = {
    policy: Flags.string({ summary: "The policy file of the fleet.", helpValue: "<file>" }),
    "min-containers": Flags.integer({
      summary: "Containers that are always there, so that no webhook waits for one to start.",
      helpValue: "<n>",
      min: 0,
      max: mostMinContainers,
    }),
    region: Flags.string({ summary: "Modal's region for its containers.", helpValue: "<region>" }),
    "custom-domain": Flags.string({ summary: "A domain of the workspace's own.", helpValue: "<domain>" }),
    via: Flags.string({ summary: "How to deploy, rather than by the first way there is.", options: ways }),
    "update-secret": Flags.boolean({ summary: "Put the credentials at hand into the fleet's Secret first." }),
    rollback: Flags.boolean({
      summary: "Go back to the version before, or to the one that is named.",
      exclusive: ["min-containers", "region", "custom-domain", "via", "update-secret"],
    }),
  };

  async run(): Promise<void> {
    const { flags, args } = this;
    const { region, "custom-domain": customDomain, "min-containers": minContainers } = flags;
    if (args.version !== undefined && !flags.rollback) refuse("A version is for --rollback alone.");
    if (region !== undefined && !isRegion(region)) refuse(`"${region}" is no region: ${regionFault}.`);
    if (customDomain !== undefined && !isCustomDomain(customDomain)) {
      refuse(`"${customDomain}" is no domain: ${customDomainFault}.`);
    }
    const onNote = (text: string) => this.io.note(plainText(text));
    await this.interruptible(async ({ signal, onEnd }) => {
      const access = await openDeployAccess({ env: process.env, policyFile: flags.policy, warn: onNote });
      onEnd(() => access.modal.close());
      if (flags.rollback) {
        const result = await rollBackFleet(access, args.version, { signal, onNote });
        this.output(result, ({ rolledBackTo, url }) => `Version ${rolledBackTo} serves again at ${url}`);
        const { hash } = access.policy;
        if (result.policyHash !== hash) onNote(`It has policy ${result.policyHash}; the file here is ${hash}.`);
        return;
      }
      const settings = { minContainers, region, customDomain };
      const via = flags.via as Via | undefined;
      const wish = { settings, via, updateSecret: flags["update-secret"], signal, onNote };
      const result = await deployFleet(access, wish);
      this.output(result, render);
      if (!result.configured) onNote("It has no credentials for GitHub yet. Next: modal-gha init");
    });
  }
}

function refuse(message: string): never {
  const nextSteps = ["modal-gha deploy --help"];
  throw new AbortError(message, { code: "usage", exitCode: ExitCode.Usage, nextSteps });
}

function render({ fleet, changed, appVersion, webhookUrl, version, policyHash, via }: Deployed): string {
  return [
    `Controller of ${fleet}: ${changed ? "deployed" : "unchanged, deployed again"}`,
    `webhook  ${webhookUrl}`,
    `version  ${appVersion}, of modal-gha ${version}, by ${via}`,
    `policy   ${policyHash}`,
  ].join("\n");
}
