// oclif's help, but that a topic or command which does not exist gets the same suggestions as when it is run.
import { Help } from "@oclif/core/help";
import { noSuchCommand } from "./suggest.ts";

export class ModalGhaHelp extends Help {
  override async showHelp(argv: string[]): Promise<void> {
    const words = argv.filter((word) => !word.startsWith("-"));
    const names = this.config.commands.filter((c) => !c.hidden).map((c) => c.id.replaceAll(":", " "));
    const typed = words.join(" ");
    const isKnown = typed === "" || names.some((name) => isWithin(name, typed) || isWithin(typed, name));
    if (!isKnown) throw noSuchCommand(typed, names);
    await super.showHelp(argv);
  }
}

/** Whether a line of words begins with these words. */
function isWithin(line: string, beginning: string): boolean {
  return line === beginning || line.startsWith(`${beginning} `);
}
