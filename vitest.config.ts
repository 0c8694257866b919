import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.{ts,tsx}"],
    setupFiles: ["test/setup.ts"],
    // oclif's and Ink's own captures need the real console.
    disableConsoleIntercept: true,
    pool: "forks",
    maxWorkers: 2,
    // Generous: nothing is timed, and two cores may be busy with other tests.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    env: { no_proxy: "127.0.0.1,localhost", NO_PROXY: "127.0.0.1,localhost" },
  },
});
