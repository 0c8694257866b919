import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../lib/cli/base-command.ts";
import { formatDuration } from "../../lib/cli/durations.ts";
import { type Column, renderTable } from "../../lib/cli/table.ts";
import { openDeliveries } from "../../lib/operations/delivery-access.ts";
import { parseDurationFlag } from "../../lib/operations/duration-flag.ts";
import type { ListedDelivery } from "../../lib/operations/list-deliveries.ts";

const failed: Column<ListedDelivery>["colour"] = (row, colours) => (row.isFailed ? colours.red : (text) => text);

/** A terminal is spared columns that say nothing; a pipe gets them all. */
const columns = (rows: readonly ListedDelivery[], isTTY: boolean, isDecided: boolean, now: number) => {
  const isShown = (says: (row: ListedDelivery) => boolean) => !isTTY || rows.some(says);
  const all: (Column<ListedDelivery> | false)[] = [
    {
      header: "AGE",
      value: (row) => row.deliveredAt,
      short: (row) => formatDuration(now - Date.parse(row.deliveredAt)),
    },
    { header: "EVENT", value: (row) => [row.event, row.action].filter(Boolean).join("."), shrinks: true },
    { header: "REPOSITORY", value: (row) => row.repository ?? "", shrinks: true },
    { header: "STATUS", value: (row) => String(row.statusCode), colour: failed },
    { header: "TOOK", value: (row) => `${row.durationMs}ms`, align: "right", spare: true },
    isShown((row) => row.attempts > 1) && {
      ...{ header: "SENT", value: (row: ListedDelivery) => String(row.attempts) },
      ...{ align: "right", spare: true },
    },
    { header: "ID", value: (row) => row.id },
    isDecided && { header: "DECISION", value: (row) => row.decision ?? "" },
    isShown((row) => row.isFailed) && {
      header: "FAILURE",
      value: (row) => row.failure ?? "",
      colour: failed,
      shrinks: true,
    },
  ];
  return all.filter((column) => column !== false);
};

export default class DeliveriesLs extends BaseCommand<typeof DeliveriesLs> {
  static override summary = "List what GitHub told the controller, and whether it got through.";
  static override description =
    "Of the App's webhook; with a token, of the webhooks that go to MODAL_GHA_WEBHOOK_URL. GitHub keeps deliveries for " +
    "3 days. Attempts at one delivery are one line: it has failed when none of them came through.\n" +
    "JSON: a list; each has id, guid, deliveredAt, event, action, repository, statusCode, durationMs, attempts, " +
    "isFailed, failure and decision.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --failed --since 1d",
    "<%= config.bin %> <%= command.id %> --repo acme/app --event workflow_job --decisions",
    "<%= config.bin %> <%= command.id %> --json | jq '.[].failure'",
  ];
  static override flags = {
    decisions: Flags.boolean({ summary: "Show the controller's reason codes; takes a call for each delivery." }),
    event: Flags.string({ summary: "Only of this event, such as workflow_job; may be repeated.", multiple: true }),
    failed: Flags.boolean({ summary: "Only those that never came through." }),
    limit: Flags.integer({ summary: "The newest so many.", default: 50, min: 1 }),
    policy: Flags.string({ summary: "The policy file of the fleet.", helpValue: "<file>" }),
    repo: Flags.string({ summary: "Only of this repository; may be repeated.", multiple: true }),
    since: Flags.string({ summary: "How far back to look.", default: "1h", helpValue: "<duration>" }),
  };

  async run(): Promise<void> {
    const { decisions, event: events, failed: failedOnly, limit, repo: repositories } = this.flags;
    const now = () => this.clock.now();
    const since = now() - parseDurationFlag("since", this.flags.since);
    const warn = (text: string) => this.io.note(text);
    const access = await openDeliveries({ env: process.env, policyFile: this.flags.policy, warn, now });
    const { findDeliveries, withDecisions } = await import("../../lib/operations/list-deliveries.ts");
    const filter = { since, failedOnly, ...(events && { events }), ...(repositories && { repositories }) };
    const found = await findDeliveries(access, filter);
    const shown = found.slice(0, limit);
    const listed = decisions ? await withDecisions(shown) : shown.map((each) => each.listed);
    this.output(listed, (rows) =>
      renderTable(rows, columns(rows, this.io.stdout.isTTY, decisions === true, now()), this.io.stdout),
    );
    const kind = failedOnly ? "failed deliveries" : "deliveries";
    if (listed.length === 0) this.io.note(`No ${kind} within ${this.flags.since}.`);
    if (found.length > limit) this.io.note(`${found.length - limit} more; --limit ${found.length} shows them.`);
    if (failedOnly && listed.length > 0) this.io.note("Next: modal-gha deliveries redeliver --failed");
  }
}
