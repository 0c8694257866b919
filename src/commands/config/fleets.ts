import { homedir } from "node:os";
import { sep } from "node:path";
import { BaseCommand } from "../../lib/cli/base-command.ts";
import { type Column, renderTable } from "../../lib/cli/table.ts";
import { type ListedFleet, listFleets } from "../../lib/settings/list-fleets.ts";
import { SettingsStore } from "../../lib/settings/store.ts";

const columns: Column<ListedFleet>[] = [
  { header: "FLEET", value: (row) => row.fleet },
  {
    header: "MEANT",
    value: (row) => (row.isMeant ? "meant" : ""),
    short: (row) => (row.isMeant ? "● meant" : ""),
    colour: (_row, colours) => colours.green,
  },
  { header: "POLICY", value: (row) => row.policyFile, short: (row) => underHome(row.policyFile), shrinks: true },
  { header: "APP", value: (row) => row.githubAppId ?? "" },
  { header: "GITHUB", value: (row) => row.githubApiUrl, shrinks: true, spare: true },
  { header: "MODAL PROFILE", value: (row) => row.modalProfile ?? "", shrinks: true },
  { header: "ENVIRONMENT", value: (row) => row.modalEnvironment ?? "", shrinks: true },
];

/** A path as people write it. */
function underHome(path: string): string {
  const home = homedir();
  return path.startsWith(`${home}${sep}`) ? `~${path.slice(home.length)}` : path;
}

export default class ConfigFleets extends BaseCommand<typeof ConfigFleets> {
  static override summary = "List the fleets that have settings of their own, and which one is meant.";
  static override description =
    "Meant is the one that --fleet names, else MODAL_GHA_FLEET_PROFILE, else what `config set fleet` stored. " +
    "What is stored for all fleets counts for each of them.\n" +
    "JSON: a list; each has fleet, isMeant, policyFile, githubAppId, githubApiUrl, webhookUrl, modalProfile and " +
    "modalEnvironment.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> config set --fleet staging policyFile ./staging.yaml",
    "<%= config.bin %> runners ls --fleet staging",
  ];

  async run(): Promise<void> {
    const fleets = await listFleets(new SettingsStore(), process.env);
    this.output(fleets, (rows) => renderTable(rows, columns, this.io.stdout));
    if (fleets.length > 0 || !this.io.stderr.isTTY) return;
    this.io.note("No fleet has settings of its own. Next: modal-gha config set --fleet <name> policyFile <file>");
  }
}
