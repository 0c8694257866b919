import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../lib/cli/base-command.ts";
import { confirm } from "../../lib/cli/confirm.ts";
import { AbortError } from "../../lib/cli/errors.ts";
import { ExitCode } from "../../lib/cli/exit-codes.ts";
import { type Column, renderTable } from "../../lib/cli/table.ts";
import { openDeliveries } from "../../lib/operations/delivery-access.ts";
import { parseDurationFlag } from "../../lib/operations/duration-flag.ts";
import type { Redelivered } from "../../lib/operations/redeliver.ts";

/** More than so many are asked about. */
const fewest = 10;

const columns: Column<Redelivered>[] = [
  { header: "ID", value: (row) => row.id },
  { header: "EVENT", value: (row) => [row.event, row.action].filter(Boolean).join("."), shrinks: true },
  {
    header: "RESULT",
    value: (row) => row.result,
    colour: ({ result }, colours) =>
      result === "delivered" ? colours.green : result === "pending" ? colours.yellow : colours.red,
  },
  { header: "STATUS", value: (row) => (row.statusCode === null ? "" : String(row.statusCode)) },
  { header: "FAILURE", value: (row) => row.failure ?? "", shrinks: true },
];

export default class DeliveriesRedeliver extends BaseCommand<typeof DeliveriesRedeliver> {
  static override summary = "Let GitHub send deliveries once more, and tell what came of it.";
  static override description =
    "A delivery that comes twice does no harm: the controller looks at what there is before it acts. It asks for failed " +
    "ones by itself, too. Exit code 1: one was refused or failed again; 8: one is not over yet.\n" +
    "JSON: a list; each has id, guid, event, action, result (delivered, failed, pending or refused), newId, statusCode " +
    "and failure.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> 71234567890",
    "<%= config.bin %> <%= command.id %> --failed --since 1d",
    "<%= config.bin %> <%= command.id %> --failed --repo acme/app --wait 30s",
  ];
  static override strict = false;
  static override args = { id: Args.string({ description: "Ids of deliveries, as deliveries ls shows them." }) };
  static override flags = {
    event: Flags.string({ summary: "With --failed: only of this event; may be repeated.", multiple: true }),
    failed: Flags.boolean({ summary: "All that never came through." }),
    policy: Flags.string({ summary: "The policy file of the fleet.", helpValue: "<file>" }),
    repo: Flags.string({ summary: "With --failed: only of this repository; may be repeated.", multiple: true }),
    since: Flags.string({ summary: "With --failed: how far back to look.", default: "1h", helpValue: "<duration>" }),
    wait: Flags.string({ summary: "How long to wait for the results.", default: "10s", helpValue: "<duration>" }),
    yes: Flags.boolean({ char: "y", summary: "Do not ask." }),
  };

  async run(): Promise<void> {
    const ids = this.argv.length > 0 ? (await this.parse(DeliveriesRedeliver)).argv.map(String) : [];
    const { event: events, repo: repositories } = this.flags;
    const failed = this.flags.failed === true;
    if (ids.length > 0 === failed) throw unclear(failed);
    const waitMs = parseDurationFlag("wait", this.flags.wait);
    const now = () => this.clock.now();
    const since = now() - parseDurationFlag("since", this.flags.since);
    const warn = (text: string) => this.io.note(text);
    const access = await openDeliveries({ env: process.env, policyFile: this.flags.policy, warn, now });
    const [{ findDeliveries }, { findByIds, redeliverableOf, redeliverAll }] = await Promise.all([
      import("../../lib/operations/list-deliveries.ts"),
      import("../../lib/operations/redeliver.ts"),
    ]);
    const filter = { since, failedOnly: true, ...(events && { events }), ...(repositories && { repositories }) };
    // The oldest first, as they should have come.
    const chosen = failed
      ? (await findDeliveries(access, filter)).toReversed().map(redeliverableOf)
      : await findByIds(access, ids);
    if (chosen.length === 0) this.io.note(`No failed deliveries within ${this.flags.since}.`);
    const isAsked = chosen.length > fewest && this.io.canPrompt;
    if (isAsked && !(await confirm(this.io, `Send ${chosen.length} deliveries once more?`, this.flags.yes === true)))
      return;
    const results = await this.interruptible(({ signal }) =>
      redeliverAll(chosen, { waitMs, now, sleep: (ms) => this.clock.sleep(ms, signal) }),
    );
    this.output(results, (rows) => renderTable(rows, columns, this.io.stdout));
    const has = (...kinds: string[]) => results.some(({ result }) => kinds.includes(result));
    if (has("failed", "refused")) this.setExitCode(ExitCode.Failure);
    else if (has("pending")) this.setExitCode(ExitCode.Pending);
  }
}

function unclear(isBoth: boolean): AbortError {
  return new AbortError(isBoth ? "It is either ids or --failed." : "Nothing says which deliveries are meant.", {
    code: "usage",
    exitCode: ExitCode.Usage,
    nextSteps: ["modal-gha deliveries ls --failed", "modal-gha deliveries redeliver --failed"],
  });
}
