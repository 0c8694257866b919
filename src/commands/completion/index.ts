import * as Args from "@oclif/core/args";
import { BaseCommand, plainFlags } from "../../lib/cli/base-command.ts";
import { bashScript, zshScript } from "../../lib/completion/bash-zsh.ts";
import { fishScript } from "../../lib/completion/fish.ts";
import { type CompletionModel, completionModel } from "../../lib/completion/model.ts";

const scripts: Record<string, (model: CompletionModel) => string> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

export default class Completion extends BaseCommand<typeof Completion> {
  static override summary = "Print a script that lets a shell complete commands, flags and values.";
  static override description =
    "Commands, flags and their values are in the script, so print it again after an update. Names of fleets, pools, " +
    "repositories, runners and jobs are asked of the fleet when the key is pressed, for a second at most.\n" +
    "bash: put `source <(modal-gha completion bash)` into ~/.bashrc.\n" +
    "zsh: put `source <(modal-gha completion zsh)` into ~/.zshrc.\n" +
    "fish: write it to ~/.config/fish/completions/modal-gha.fish.\n" +
    "JSON: {shell, script}.";
  static override baseFlags = plainFlags;
  static override examples = [
    "source <(<%= config.bin %> <%= command.id %> bash)",
    "<%= config.bin %> <%= command.id %> fish > ~/.config/fish/completions/modal-gha.fish",
  ];
  static override args = {
    shell: Args.string({ description: "bash, zsh or fish.", required: true, options: Object.keys(scripts) }),
  };

  async run(): Promise<void> {
    const { shell } = this.args;
    const model = completionModel(this.config as unknown as Parameters<typeof completionModel>[0]);
    const script = scripts[shell]?.(model).trimEnd() ?? "";
    this.output({ shell, script }, (result) => result.script);
  }
}
