import { existsSync } from "node:fs";
import { BaseCommand, plainFlags } from "../../lib/cli/base-command.ts";
import { SettingsStore } from "../../lib/settings/store.ts";

export default class ConfigPath extends BaseCommand<typeof ConfigPath> {
  static override summary = "Print the path of the file that `config set` writes to.";
  static override description =
    "The file need not exist. It is in $XDG_CONFIG_HOME/modal-gha, or ~/.config/modal-gha.\nJSON: {file, exists}.";
  static override baseFlags = plainFlags;
  static override examples = ["<%= config.bin %> <%= command.id %>"];

  async run(): Promise<void> {
    const { file } = new SettingsStore();
    this.output({ file, exists: existsSync(file) }, (result) => result.file);
  }
}
