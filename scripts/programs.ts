// The programs that are started by path rather than as a command.

/**
 * Name of the file in dist/, without .js -> its source. One in a folder has its chunks there too, so that what it loads
 * late costs nothing at its start; the others are one file each.
 */
export const programs: Readonly<Record<string, string>> = {
  "controller/main": "src/lib/controller/main.ts",
  "stand-in-runner": "src/lib/emulator/runner/main.ts",
  reaper: "src/lib/emulator/modal/reaper.ts",
};
