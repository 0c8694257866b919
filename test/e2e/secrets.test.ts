import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Rehearsal, startRehearsal } from "../../src/lib/rehearsal/rehearsal.ts";
import { until } from "./cli.ts";

let scratch: string;
let fleet: Rehearsal | undefined;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "secrets-test-"));
});

afterEach(async () => {
  await fleet?.close();
  fleet = undefined;
  rmSync(scratch, { recursive: true, force: true });
});

interface Process {
  pid: number;
  command: string;
  environment: string;
}

function processes(): Process[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const read = (file: string) => readFileSync(`/proc/${name}/${file}`, "latin1");
      return [{ pid: Number(name), command: read("cmdline"), environment: read("environ") }];
    } catch {
      return [];
    }
  });
}

/** Files under a folder that others than their owner can read, by path. */
function readableByOthers(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => (statSync(file).mode & 0o044) !== 0);
}

it("secrets stay where they are needed: no log, no argv, no Sandbox, no file that others can read", async () => {
  mkdirSync(join(scratch, "app", ".github", "workflows"), { recursive: true });
  const gate = join(scratch, "gate");
  writeFileSync(
    join(scratch, "app", ".github", "workflows", "test.yml"),
    `on: workflow_dispatch
jobs:
  one:
    runs-on: modal
    steps:
      - run: env > "${join(scratch, "step-environment")}"
      - run: until [ -e "${gate}" ]; do sleep 0.05; done
`,
  );
  const log: string[] = [];
  const jitConfigs: string[] = [];
  fleet = await startRehearsal({
    repositoryDirectory: join(scratch, "app"),
    repository: "app",
    onControllerEvent: (event) => log.push(JSON.stringify(event)),
    github: {
      intercept: async (request, answer) => {
        const response = await answer();
        if (request.url.endsWith("/generate-jitconfig")) {
          const { encoded_jit_config: config } = (await response.clone().json()) as { encoded_jit_config: string };
          jitConfigs.push(config);
        }
        return response;
      },
    },
  });
  const { github, modal, env } = fleet;
  await github.trigger({ repository: "app", event: "workflow_dispatch" });
  // Entrypoint, runner and the second step's shell.
  await until("the second step runs", async () => {
    const hasBegun = github
      .state()
      .jobs[0]?.steps.some((step) => step.name.startsWith("Run until") && step.status === "in_progress");
    return hasBegun && (await modal.processes()).length > 2;
  });

  const keyLine = github.app.privateKey.split("\n")[5] as string;
  const [jitConfig] = jitConfigs as [string];
  expect(jitConfig.length).toBeGreaterThan(500);
  const secrets = [keyLine, github.app.webhookSecret, modal.tokenSecret, env["GITHUB_TOKEN"] as string, jitConfig];

  const ours = processes();
  const inSandbox = new Set(await modal.processes());
  expect(inSandbox.size).toBeGreaterThan(2);
  for (const secret of secrets) {
    expect(ours.filter((entry) => entry.command.includes(secret))).toEqual([]);
    expect(log.filter((line) => line.includes(secret))).toEqual([]);
    expect(readFileSync(join(scratch, "step-environment"), "utf8")).not.toContain(secret);
  }
  for (const secret of secrets.filter((entry) => entry !== jitConfig)) {
    expect(ours.filter((entry) => inSandbox.has(entry.pid) && entry.environment.includes(secret))).toEqual([]);
  }
  // The runner itself was given its configuration by environment; nothing that lives beside it or below it was.
  const withConfig = ours.filter((entry) => entry.environment.includes(jitConfig));
  expect(
    withConfig.filter((entry) => !/run\.sh|stand-in-runner/.test(entry.command)).map((entry) => entry.command),
  ).toEqual([]);

  const folder = join(env["MODAL_GHA_POLICY"] as string, "..");
  expect(statSync(folder).mode & 0o077).toBe(0);
  for (const file of readableByOthers(folder)) {
    const text = readFileSync(file, "latin1");
    for (const secret of secrets) expect(text.includes(secret), file).toBe(false);
  }

  writeFileSync(gate, "");
  await github.settled();
  const deliveries = JSON.stringify(github.state().deliveries);
  for (const secret of secrets) expect(deliveries.includes(secret)).toBe(false);
});
