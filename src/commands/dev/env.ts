import { BaseCommand, plainFlags } from "../../lib/cli/base-command.ts";
import { AbortError } from "../../lib/cli/errors.ts";
import { findAnnouncement, registryFolder } from "../../lib/rehearsal/dev-registry.ts";

export default class DevEnv extends BaseCommand<typeof DevEnv> {
  static override summary = "Print shell exports that point another terminal at the running `dev`.";
  static override description =
    "Credentials of the emulators are among them, which are worth nothing elsewhere. Of several that run, the one that " +
    "was started last. Exit code 1: none runs.\nJSON: an object with every variable.";
  static override baseFlags = plainFlags;
  static override examples = ['eval "$(<%= config.bin %> <%= command.id %>)"'];

  async run(): Promise<void> {
    const announcement = await findAnnouncement(registryFolder(process.env));
    if (!announcement) {
      throw new AbortError("No `modal-gha dev` is running.", {
        code: "no-dev",
        nextSteps: ["Start one in another terminal: modal-gha dev"],
      });
    }
    this.output(announcement.env, (env) =>
      Object.entries(env)
        .map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'`)
        .join("\n"),
    );
  }
}
