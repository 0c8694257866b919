// A fleet to look at, and the dashboard that looks at it, on a real terminal.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DrivenTerminal, openTerminal } from "../../scripts/terminal.ts";
import { packageFile } from "../../src/lib/package-root.ts";
import { type Rehearsal, startRehearsal } from "../../src/lib/rehearsal/rehearsal.ts";
import { run, until } from "./cli.ts";

const workflow = `
on:
  workflow_dispatch:
    inputs: { gate: { required: true } }
jobs:
  wait:
    name: Wait at the gate
    runs-on: modal
    steps:
      - name: Wait
        run: |
          echo "first line of $GITHUB_JOB"
          until [ -e "\${{ inputs.gate }}" ]; do sleep 0.05; done
          echo "the gate is open" | tr a-z A-Z
          until [ -e "\${{ inputs.gate }}.end" ]; do sleep 0.05; done
`;

export interface WatchedFleet {
  fleet: Rehearsal;
  /** Faults, by setting them. */
  faults: { isGitHubDown: boolean; areJobsForbidden: boolean; isModalDown: boolean; areWebhooksLost: boolean };
  /** Starts a job that runs until its gate is opened. @returns its id */
  startJob(): Promise<{ id: number; gate: string }>;
  /** Starts one, and waits until it runs on its runner. */
  startBusy(): Promise<{ id: number; gate: string; runner: string }>;
  jobOf(id: number): ReturnType<Rehearsal["github"]["state"]>["jobs"][number] | undefined;
  open(options?: DashboardOptions): DrivenTerminal;
  /** Lets all jobs end, and closes terminals. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

export interface DashboardOptions {
  args?: readonly string[];
  columns?: number;
  rows?: number;
  env?: Record<string, string>;
}

export async function startWatchedFleet(name: string, policy: string): Promise<WatchedFleet> {
  const scratch = mkdtempSync(join(tmpdir(), "dashboard-test-"));
  mkdirSync(join(scratch, "app", ".github", "workflows"), { recursive: true });
  writeFileSync(join(scratch, "app", ".github", "workflows", "wait.yml"), workflow);
  const policyFile = join(scratch, "policy.yaml");
  writeFileSync(policyFile, `fleet: ${name}\ngithub: { owner: acme }\n${policy}`);
  const none = { isGitHubDown: false, areJobsForbidden: false, isModalDown: false, areWebhooksLost: false };
  const faults = { ...none };
  const fleet = await startRehearsal({
    repositoryDirectory: join(scratch, "app"),
    repository: "app",
    policyFile,
    // The controller looks at nothing by itself while a test looks at it.
    reconcileSeconds: 3600,
    github: {
      deliver: async (_, send) => (faults.areWebhooksLost ? undefined : send()),
      // What the runners inside ask is answered all the same; it is the operator's side that is cut off.
      async intercept(request, answer) {
        if (faults.isGitHubDown && isRest(request)) return new Response("down", { status: 503 });
        const isForbidden = faults.areJobsForbidden && /\/actions\/runs\b/.test(request.url);
        return isForbidden ? Response.json({ message: "Resource not accessible" }, { status: 403 }) : answer();
      },
    },
    modal: {
      intercept: async ({ method }) =>
        faults.isModalDown && method.startsWith("SandboxList") ? "drop-reply" : "proceed",
    },
  });
  const gates: string[] = [];
  const terminals: DrivenTerminal[] = [];
  const jobOf = (id: number) => fleet.github.state().jobs.find((job) => job.id === id);

  async function startJob(): Promise<{ id: number; gate: string }> {
    const gate = join(scratch, `gate-${gates.length}`);
    gates.push(gate);
    const [runId] = await fleet.github.trigger({ repository: "app", event: "workflow_dispatch", inputs: { gate } });
    const job = await until("the job is there", () => fleet.github.state().jobs.find((each) => each.runId === runId));
    return { id: job.id, gate };
  }

  return {
    fleet,
    faults,
    startJob,
    jobOf,
    async startBusy() {
      const { id, gate } = await startJob();
      const job = await until("the job runs", () => {
        const found = jobOf(id);
        return found?.status === "in_progress" && found.runner ? found : undefined;
      });
      return { id, gate, runner: job.runner?.name as string };
    },
    open({ args = [], columns = 100, rows = 30, env = {} } = {}) {
      const terminal = openTerminal({
        command: [process.execPath, packageFile("bin", "run.js"), "dashboard", "--refresh", "1s", ...args],
        env: { PATH: process.env["PATH"], HOME: scratch, ...fleet.env, ...env },
        columns,
        rows,
      });
      terminals.push(terminal);
      return terminal;
    },
    async settle() {
      Object.assign(faults, none);
      for (const terminal of terminals.splice(0)) terminal.kill();
      for (const gate of gates) for (const file of [gate, `${gate}.end`]) writeFileSync(file, "");
      // Of jobs whose webhooks were lost nobody else will hear.
      await run(["reconcile"], fleet.env);
      await fleet.github.settled();
      await until("no Sandbox is left", () => fleet.modal.running().length === 0);
    },
    async close() {
      await fleet.close();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

function isRest({ url }: Request): boolean {
  return /^\/(repos|orgs|app|rate_limit|installation|users)\b/.test(new URL(url).pathname);
}
