// oclif's manifest: every command's flags, arguments and help in one file, so that no command is loaded to find another.
// It is committed, so that a change of the command line shows in review.
import { type Interfaces, Plugin } from "@oclif/core";

/**
 * The text of oclif.manifest.json, made from the bundled commands.
 * @param root folder with dist/ in it
 * @param pjson what oclif reads of package.json
 * @throws whatever a command throws when it is loaded
 */
export async function createManifest(root: string, pjson: Interfaces.PJSON & { type: string }): Promise<string> {
  const plugin = new Plugin({
    root,
    pjson,
    isRoot: true,
    type: "core",
    ignoreManifest: true,
    errorOnManifestCreate: true,
    respectNoCacheDefault: true,
  });
  await plugin.load();
  const { commands, ...rest } = plugin.manifest;
  // By name, or the order in which a file system lists them would decide.
  const sorted = Object.fromEntries(Object.entries(commands).sort(([a], [b]) => (a < b ? -1 : 1)));
  return `${JSON.stringify({ commands: sorted, ...rest }, null, 2)}\n`;
}
