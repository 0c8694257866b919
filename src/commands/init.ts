import { BaseCommand } from "../lib/cli/base-command.ts";
import { canOpenBrowser, openBrowser } from "../lib/cli/browser.ts";
import { type Answers, mergeAnswers, readAnswers } from "../lib/init/answers.ts";
import { askerOn } from "../lib/init/ask.ts";
import { deployForInit } from "../lib/init/deploy.ts";
import { initFlags } from "../lib/init/flags.ts";
import { renderBegin, renderLine, renderReport, renderResult } from "../lib/init/render.ts";

export default class Init extends BaseCommand<typeof Init> {
  static override summary = "Set up a fleet: policy, image, controller, GitHub App and secrets, all verified.";
  static override description =
    "Looks at each part first, so it can be run again after an interruption or an error, and by a colleague with the " +
    "App's key: what is there stays as it is. Asks on a terminal; elsewhere flags, or a file of answers, say it all. " +
    "Secrets come by file, standard input or the environment, and end in one Modal Secret; the key of an App that is " +
    "made in the browser is kept here as well, in a file that only you can read.\n" +
    "JSON: {fleet, owner, auth, policyFile, controllerUrl, webhookUrl, appId, settingsFile, changed, steps, workflow, " +
    "next}; a step has step, state (made, unchanged, done, skipped) and detail.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --owner acme --pool cpu --pool H100 --create-app",
    "<%= config.bin %> <%= command.id %> --no-input --owner acme --app-id 123456 --private-key-file key.pem",
    "<%= config.bin %> <%= command.id %> --auth pat --owner octocat --repository octocat/app --token-file - < token",
    "<%= config.bin %> <%= command.id %> --config answers.yaml --no-input --json",
  ];
  static override flags = initFlags;

  async run(): Promise<void> {
    const { flags, io } = this;
    const { colours } = io.stderr;
    const answers = mergeAnswers(this.#answers(), flags.config === undefined ? {} : await readAnswers(flags.config));
    const { initFleet } = await import("../lib/init/init.ts");
    const result = await this.interruptible(({ signal, onEnd }) =>
      initFleet({
        env: process.env,
        folder: process.cwd(),
        answers,
        policyFile: flags.policy,
        isRotating: flags.rotate === true,
        mayTakeHook: flags["take-webhook"] === true,
        asker: flags.input ? askerOn(io) : undefined,
        stdin: io.stdin,
        listener: {
          onBegin: (step, number) => io.note(renderBegin(step, number, colours)),
          onReport: (report) => io.note(renderReport(report, colours)),
          note: (text) => io.note(text),
          line: (text) => io.note(renderLine(text, colours, io.stderr.width)),
        },
        openBrowser: flags.browser && canOpenBrowser(process.env) ? openBrowser : undefined,
        deploy: deployForInit,
        ...{ signal, onEnd },
        now: () => this.clock.now(),
      }),
    );
    this.output(result, (all) => renderResult(all, io.stdout.colours));
  }

  #answers(): Answers {
    const { flags } = this;
    return {
      ...{ owner: flags.owner, scope: flags.scope, repository: flags.repository, pool: flags.pool },
      ...{ auth: flags.auth, via: flags.via, image: flags.image, port: flags.port, wait: flags.wait },
      "app-id": flags["app-id"],
      "private-key-file": flags["private-key-file"],
      "create-app": flags["create-app"],
      "token-file": flags["token-file"],
      "image-from": flags["image-from"],
      "write-workflow": flags["write-workflow"],
    };
  }
}
