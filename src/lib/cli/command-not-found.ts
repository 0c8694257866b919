// oclif's hook for a command that does not exist: a usage error that names what was probably meant.
import type { Hook } from "@oclif/core/hooks";
import { noSuchCommand } from "./suggest.ts";

export const commandNotFound: Hook.CommandNotFound = async ({ id, config }) => {
  const commands = config.commands.filter((c) => !c.hidden).map((c) => c.id.replaceAll(":", " "));
  throw noSuchCommand(id.replaceAll(":", " "), commands);
};
