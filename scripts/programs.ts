// The programs that are started by path rather than as a command.

/** Each is bundled into one file: name of the file in dist/, without .js -> its source. */
export const programs: Readonly<Record<string, string>> = {
  controller: "src/lib/controller/main.ts",
  "stand-in-runner": "src/lib/emulator/runner/main.ts",
  reaper: "src/lib/emulator/modal/reaper.ts",
};
