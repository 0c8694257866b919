import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../lib/cli/base-command.ts";
import { AbortError } from "../../lib/cli/errors.ts";
import { renderControllerEvent } from "../../lib/rehearsal/controller-events.ts";
import { announce, type DevAnnouncement, registryFolder } from "../../lib/rehearsal/dev-registry.ts";
import { repositoryIn, sampleRepository } from "../../lib/rehearsal/repository-directory.ts";

export default class Dev extends BaseCommand<typeof Dev> {
  static override summary =
    "Run a whole fleet on this machine: GitHub and Modal emulated, the real controller between.";
  static override description =
    "Everything listens on loopback, and Sandboxes are processes of this machine. Runs until interrupted, and then " +
    "leaves nothing behind. Jobs run as you, without isolation: serve only repositories that you trust.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> ~/src/app --policy modal-gha.yaml",
    'In another terminal: eval "$(<%= config.bin %> dev env)"',
  ];
  static override args = {
    repository: Args.string({ description: "Folder of a repository with workflow files; a sample if left out." }),
  };
  static override flags = {
    policy: Flags.string({
      summary: "A policy file; a policy with a CPU and a GPU pool if left out.",
      helpValue: "<file>",
    }),
  };

  async run(): Promise<void> {
    const repository = this.args.repository ? repositoryIn(this.args.repository) : sampleRepository();
    await this.interruptible(async ({ signal, onEnd }) => {
      const { startRehearsal } = await import("../../lib/rehearsal/rehearsal.ts");
      const { promise: fault, reject } = Promise.withResolvers<never>();
      // Until it is waited for below, nobody listens.
      fault.catch(() => undefined);
      const rehearsal = await startRehearsal({
        repositoryDirectory: repository.directory,
        repository: repository.name,
        policyFile: this.flags.policy,
        onControllerEvent: (event) => {
          const line = renderControllerEvent(event, this.io.stderr.colours);
          if (line !== undefined) this.io.note(line);
        },
        onFault: (message) => reject(new AbortError(message, { code: "controller-died" })),
      });
      onEnd(async () => void (await rehearsal.close()));
      const announcement: DevAnnouncement = {
        githubUrl: rehearsal.github.url,
        modalUrl: rehearsal.modal.url,
        webhookUrl: rehearsal.webhookUrl,
        webhookSecret: rehearsal.github.app.webhookSecret,
        owner: rehearsal.owner,
        repository: rehearsal.repository,
        appId: rehearsal.github.app.id,
        privateKeyFile: rehearsal.privateKeyFile,
        env: rehearsal.env,
      };
      onEnd(await announce(registryFolder(process.env), process.pid, announcement));
      this.outputLine(announcement, () => describe(announcement, repository.workflows));
      const interrupted = new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      await Promise.race([interrupted, fault]);
    });
  }
}

function describe(dev: DevAnnouncement, workflows: string[]): string {
  const dispatch = `${dev.githubUrl}/repos/${dev.owner}/${dev.repository}/actions/workflows/${workflows[0]}/dispatches`;
  return `GitHub   ${dev.githubUrl}  (${dev.owner}/${dev.repository}: ${workflows.join(", ")})
Modal    ${dev.modalUrl}
Webhook  ${dev.webhookUrl}

In another terminal:
  eval "$(modal-gha dev env)"
  modal-gha runners ls
  curl -X POST -H "Authorization: Bearer $GITHUB_TOKEN" -d '{"ref":"main"}' \\
    ${dispatch}

Ctrl-C ends it all.`;
}
