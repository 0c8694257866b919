import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand, plainFlags } from "../../lib/cli/base-command.ts";
import { AbortError } from "../../lib/cli/errors.ts";
import type { Interruption } from "../../lib/cli/interrupt.ts";
import { renderControllerEvent } from "../../lib/rehearsal/controller-events.ts";
import { announce, type DevAnnouncement, registryFolder } from "../../lib/rehearsal/dev-registry.ts";
import type { CleanUp } from "../../lib/rehearsal/emulators.ts";
import { type RepositoryDirectory, repositoryIn, sampleRepository } from "../../lib/rehearsal/repository-directory.ts";

type OnEnd = Interruption["onEnd"];

export default class Dev extends BaseCommand<typeof Dev> {
  static override summary = "Run a whole fleet on this machine, with GitHub and Modal emulated.";
  static override description =
    "Everything listens on loopback, and Sandboxes are processes of this machine. Runs until interrupted, and then " +
    "leaves nothing behind. Jobs run as you, without isolation: serve only repositories that you trust.";
  static override baseFlags = plainFlags;
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> ~/src/app --policy modal-gha.yaml",
    "<%= config.bin %> <%= command.id %> --empty",
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
    empty: Flags.boolean({
      summary: "GitHub and Modal alone, with nothing set up between them: where to try `init`.",
      exclusive: ["policy"],
    }),
  };

  async run(): Promise<void> {
    const repository = this.args.repository ? repositoryIn(this.args.repository) : sampleRepository();
    await this.interruptible(async ({ signal, onEnd }) => {
      const { promise: fault, reject } = Promise.withResolvers<never>();
      // Until it is waited for below, nobody listens.
      fault.catch(() => undefined);
      const onFault = (message: string) => reject(new AbortError(message, { code: "controller-died" }));
      const announcement = this.flags.empty
        ? await this.#startEmpty(repository, onEnd)
        : await this.#startWhole(repository, onEnd, onFault);
      onEnd(await announce(registryFolder(process.env), process.pid, announcement));
      this.outputLine(announcement, () => describe(announcement, repository.workflows));
      const interrupted = new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      await Promise.race([interrupted, fault]);
    });
  }

  async #startEmpty({ directory, name }: RepositoryDirectory, onEnd: OnEnd): Promise<DevAnnouncement> {
    const { endAll, startEmulators } = await import("../../lib/rehearsal/emulators.ts");
    const cleanUp: CleanUp = [];
    onEnd(() => endAll(cleanUp));
    const owner = "acme";
    const { github, modal, privateKeyFile, env } = await startEmulators(
      { repositoryDirectory: directory, repository: name, owner, ownerType: "Organization" },
      cleanUp,
    );
    const place = { owner, repository: name, appId: github.app.id, privateKeyFile };
    return { githubUrl: github.url, modalUrl: modal.url, webhookUrl: null, webhookSecret: null, ...place, env };
  }

  async #startWhole(
    { directory, name }: RepositoryDirectory,
    onEnd: OnEnd,
    onFault: (message: string) => void,
  ): Promise<DevAnnouncement> {
    const { startRehearsal } = await import("../../lib/rehearsal/rehearsal.ts");
    const rehearsal = await startRehearsal({
      repositoryDirectory: directory,
      repository: name,
      policyFile: this.flags.policy,
      onControllerEvent: (event) => {
        const line = renderControllerEvent(event, this.io.stderr.colours);
        if (line !== undefined) this.io.note(line);
      },
      onFault,
    });
    onEnd(async () => void (await rehearsal.close()));
    const { github, modal, webhookUrl, owner, repository, privateKeyFile, env } = rehearsal;
    const { id: appId, webhookSecret } = github.app;
    return {
      githubUrl: github.url,
      modalUrl: modal.url,
      webhookUrl,
      webhookSecret,
      owner,
      repository,
      appId,
      privateKeyFile,
      env,
    };
  }
}

function describe(dev: DevAnnouncement, workflows: string[]): string {
  const { owner, repository, githubUrl } = dev;
  const dispatch = `curl -X POST -H "Authorization: Bearer $GITHUB_TOKEN" -d '{"ref":"main"}' \\
    ${githubUrl}/repos/${owner}/${repository}/actions/workflows/${workflows[0]}/dispatches`;
  const setUp =
    dev.webhookUrl === null
      ? `modal-gha init --owner ${owner} --app-id ${dev.appId} --private-key-file ${dev.privateKeyFile}`
      : "modal-gha runners ls";
  return `GitHub   ${githubUrl}  (${owner}/${repository}: ${workflows.join(", ")})
Modal    ${dev.modalUrl}
Webhook  ${dev.webhookUrl ?? "none yet"}

In another terminal:
  eval "$(modal-gha dev env)"
  ${setUp}
  ${dispatch}

Ctrl-C ends it all.`;
}
