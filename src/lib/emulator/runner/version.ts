// What the stand-in says it is: the release of actions/runner whose behaviour it follows, and the machine it runs on.

/** Release of actions/runner that the stand-in passes for; RUNNER_STAND_IN_VERSION overrides it, to be told it is deprecated. */
export function runnerVersion(): string {
  return process.env["RUNNER_STAND_IN_VERSION"] ?? "2.338.0";
}

/** `runner.os`. */
export function runnerOs(): "Linux" | "macOS" | "Windows" {
  return process.platform === "darwin" ? "macOS" : process.platform === "win32" ? "Windows" : "Linux";
}

/** `runner.arch`. */
export function runnerArchitecture(): string {
  return process.arch.toUpperCase();
}
