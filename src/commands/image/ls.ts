import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../lib/cli/base-command.ts";
import { type Column, renderTable } from "../../lib/cli/table.ts";
import { openImageAccess } from "../../lib/operations/image-access.ts";
import { type ListedImage, listImages } from "../../lib/operations/list-images.ts";

export default class ImageLs extends BaseCommand<typeof ImageLs> {
  static override summary = "List the runner images at Modal: which one is in use, and until when.";
  static override description =
    "For every image that the policy names. The date from which GitHub gives no jobs to a runner's version is shown " +
    "where there are credentials for GitHub.";
  static override examples = ["<%= config.bin %> <%= command.id %>", "<%= config.bin %> <%= command.id %> --json"];
  static override flags = {
    name: Flags.string({ summary: "Only this image.", helpValue: "<name[:tag]>" }),
    policy: Flags.string({ summary: "The policy file of the fleet.", helpValue: "<file>" }),
  };

  async run(): Promise<void> {
    const warn = (text: string) => this.io.note(text);
    const access = await openImageAccess({ env: process.env, policyFile: this.flags.policy, warn });
    try {
      const images = await listImages(access, this.flags.name);
      this.output(images, (rows) =>
        renderTable(rows, columns(rows, this.io.stdout.isTTY, this.clock.now()), this.io.stdout),
      );
      if (images.length === 0 && this.io.stderr.isTTY) this.io.note("There are none yet. Next: modal-gha image build");
    } finally {
      access.modal.close();
    }
  }
}

const noticeMs = 30 * 24 * 3_600_000;

/** On a terminal, which is narrow, the name is left out where it is the same for all. */
function columns(rows: readonly ListedImage[], isTTY: boolean, now: number): Column<ListedImage>[] {
  const isNamed = !isTTY || rows.some(({ name }) => name !== rows[0]?.name);
  return [
    ...(isNamed ? [{ header: "NAME", value: (row: ListedImage) => row.name, shrinks: true }] : []),
    { header: "TAG", value: (row) => row.tag, shrinks: true },
    {
      header: "IN USE",
      value: (row) => (row.isCurrent ? "current" : ""),
      short: (row) => (row.isCurrent ? "●" : ""),
      colour: (_row, colours) => colours.green,
    },
    { header: "RUNNER", value: (row) => row.runnerVersion ?? "not ours" },
    { header: "VARIANT", value: (row) => row.variant ?? "" },
    {
      header: "BUILT",
      value: (row) => row.builtAt.slice(0, 16).replace("T", " "),
      short: (row) => row.builtAt.slice(0, 10),
    },
    {
      header: "JOBS UNTIL",
      value: (row) => row.deprecatesAt?.slice(0, 10) ?? "",
      colour: (row, colours) => {
        const left = Date.parse(row.deprecatesAt ?? "") - now;
        if (left <= 0) return colours.red;
        return left < noticeMs ? colours.yellow : (text) => text;
      },
    },
    { header: "IMAGE", value: (row) => row.imageId, shrinks: true },
  ];
}
