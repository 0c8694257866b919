import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../lib/cli/base-command.ts";
import { AbortError } from "../../lib/cli/errors.ts";
import { ExitCode } from "../../lib/cli/exit-codes.ts";
import { plainText } from "../../lib/cli/text.ts";
import { buildImage, type ImageResult } from "../../lib/operations/build-image.ts";
import { openBuildAccess } from "../../lib/operations/image-access.ts";
import { chooseImage } from "../../lib/operations/image-name.ts";

export default class ImageBuild extends BaseCommand<typeof ImageBuild> {
  static override summary = "Build the image that runners start from, on Modal, and publish it.";
  static override description =
    "The image in use serves on until the new one is whole; a build that fails changes nothing. " +
    "For x64 alone. Needs no Docker here, and no credentials for GitHub.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --dockerfile extras.Dockerfile",
    "<%= config.bin %> <%= command.id %> --name modal-gha-gpu --gpu-base",
    "<%= config.bin %> <%= command.id %> --from registry.example.org/team/ci:2026-11 --runner-version 2.338.0",
  ];
  static override flags = {
    name: Flags.string({
      summary: "Which image of the policy's to build, where it names several.",
      helpValue: "<name[:tag]>",
    }),
    "runner-version": Flags.string({
      summary: "Release of actions/runner; the newest unless told.",
      helpValue: "<version>",
    }),
    "runner-sha256": Flags.string({
      summary: "SHA-256 of that release's archive for linux-x64, for where GitHub cannot be asked.",
      helpValue: "<sha256>",
      dependsOn: ["runner-version"],
    }),
    from: Flags.string({
      summary: "Build on an image of your own, made from Debian or Ubuntu, in place of Ubuntu 24.04.",
      helpValue: "<registry/image:tag>",
      exclusive: ["gpu-base"],
    }),
    dockerfile: Flags.string({
      summary: "Run the commands of this file at the end (RUN, ENV and the like; no FROM, no COPY of local files).",
      helpValue: "<file>",
    }),
    "gpu-base": Flags.boolean({ summary: "Build on Ubuntu 24.04 with the CUDA runtime.", exclusive: ["docker"] }),
    docker: Flags.boolean({
      summary: "With Docker inside, for pools with `docker: true`; by itself where such a pool uses the image.",
      allowNo: true,
    }),
    arch: Flags.string({ summary: "x64, which is all there is.", options: ["x64", "arm64"], default: "x64" }),
    force: Flags.boolean({ summary: "Build every layer anew, with the packages of today." }),
    policy: Flags.string({ summary: "The policy file of the fleet.", helpValue: "<file>" }),
  };

  async run(): Promise<void> {
    const { flags } = this;
    if (flags.arch !== "x64") {
      const why = "Modal's machines are x86_64, and so is all that the image holds.";
      const options = { why, code: "usage", exitCode: ExitCode.Usage, nextSteps: ["modal-gha image build"] };
      throw new AbortError(`Runner images are for x64 alone, not ${flags.arch}.`, options);
    }
    const note = (text: string) => this.io.note(text);
    await this.interruptible(async ({ signal, onEnd }) => {
      const access = await openBuildAccess({ env: process.env, policyFile: flags.policy, warn: note });
      onEnd(() => access.modal.close());
      const { name, needsDocker } = chooseImage(access.policy, flags.name);
      const docker = flags.docker ?? (needsDocker && !flags["gpu-base"]);
      const built = await buildImage({
        modal: access.modal,
        github: access.github,
        name,
        variant: flags["gpu-base"] ? "cuda" : docker ? "docker" : "standard",
        runnerVersion: flags["runner-version"],
        runnerSha256: flags["runner-sha256"],
        from: flags.from,
        dockerfile: flags.dockerfile,
        force: flags.force,
        signal,
        onLine: (line) => note(plainText(line)),
        onNote: note,
        now: () => this.clock.now(),
      });
      this.output(built, render);
    });
  }
}

function render({ isNew, imageId, runnerVersion, sha256, variant, tags }: ImageResult): string {
  return [
    isNew ? `Published ${tags.at(-1)}` : `${tags.at(-1)} is this very image already; nothing was published`,
    `image    ${imageId}`,
    `runner   ${runnerVersion}, SHA-256 ${sha256}`,
    `variant  ${variant}`,
    `tags     ${tags.join(" ")}`,
  ].join("\n");
}
