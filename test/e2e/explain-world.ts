// A whole fleet in which a test decides what goes wrong: which webhooks are lost, which runners connect, what GitHub and
// Modal refuse. `explain` looks at it as the command does, with a clock of its own.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JobView } from "../../src/lib/emulator/github/views.ts";
import type { RunningSandbox } from "../../src/lib/emulator/modal/server.ts";
import { explainJob } from "../../src/lib/operations/explain/explain-job.ts";
import type { JobExplanation } from "../../src/lib/operations/explain/explanation.ts";
import { type FleetAccess, openFleet } from "../../src/lib/operations/fleet-access.ts";
import { type Rehearsal, startRehearsal } from "../../src/lib/rehearsal/rehearsal.ts";
import { until } from "./cli.ts";

const workflow = `
on:
  workflow_dispatch:
    inputs: { label: { default: modal }, gate: { default: / } }
jobs:
  job:
    runs-on: [self-hosted, "\${{ inputs.label }}"]
    steps: [{ run: 'until [ -e "\${{ inputs.gate }}" ]; do sleep 0.05; done' }]
`;
const several = `
on:
  workflow_dispatch:
    inputs: { gate: { default: / } }
jobs:
  plain:
    runs-on: modal
    steps: [{ run: 'until [ -e "\${{ inputs.gate }}" ]; do sleep 0.05; done' }]
  hosted: { runs-on: ubuntu-latest, steps: [{ run: echo hi }] }
  skipped: { if: "false", runs-on: modal, steps: [{ run: echo hi }] }
`;
const ofPullRequests = "on: pull_request\njobs: { job: { runs-on: modal, steps: [{ run: echo hi }] } }\n";

type Answer = Response | undefined;

/** What goes wrong at the moment; nothing by default. */
export interface Faults {
  /** Webhooks that are lost without a trace. */
  loses(action: string, job: { id: number }): boolean;
  /** Runners that cannot connect; asked again as soon as something of this changed. */
  holdsRunner(name: string): boolean;
  /** GitHub's answer in place of the real one. */
  github(request: Request, answer: () => Promise<Response>): Promise<Answer>;
  /** Called before Modal does something; may wait or throw. */
  modal(method: string, request: unknown): Promise<void>;
}

const noFaults: Faults = {
  loses: () => false,
  holdsRunner: () => false,
  github: async () => undefined,
  modal: async () => undefined,
};

export class World {
  faults: Faults = noFaults;
  fleet!: Rehearsal;
  readonly #scratch = mkdtempSync(join(tmpdir(), "explain-test-"));
  #changed = Promise.withResolvers<void>();
  /** Runners that were kept from connecting. */
  readonly #held = new Set<string>();
  #gates = 0;

  /** @param policy the file's pools, and what else there is beside fleet and owner */
  static async start(policy: string): Promise<World> {
    const world = new World();
    const workflows = join(world.#scratch, "app", ".github", "workflows");
    mkdirSync(workflows, { recursive: true });
    writeFileSync(join(workflows, "one.yml"), workflow);
    writeFileSync(join(workflows, "several.yml"), several);
    writeFileSync(join(workflows, "pull.yml"), ofPullRequests);
    const policyFile = join(world.#scratch, "policy.yaml");
    writeFileSync(policyFile, `fleet: explain\ngithub: { owner: acme }\n${policy}`);
    world.fleet = await startRehearsal({
      repositoryDirectory: join(world.#scratch, "app"),
      repository: "app",
      policyFile,
      // It does only what webhooks tell it, and puts off what it must.
      reconcileSeconds: 0,
      github: {
        deliver: async (delivery, send) => {
          const job = (delivery.payload as { workflow_job?: { id: number } }).workflow_job;
          if (!job || !world.faults.loses(delivery.action ?? "", job)) await send();
        },
        intercept: async (request, answer) => {
          if (new URL(request.url).pathname.endsWith("/broker/session") && request.method === "POST") {
            const { agent } = (await request.clone().json()) as { agent: { name: string } };
            while (world.faults.holdsRunner(agent.name)) {
              world.#held.add(agent.name);
              await world.#changed.promise;
            }
          }
          return (await world.faults.github(request, answer)) ?? answer();
        },
      },
      modal: {
        intercept: async ({ method, request }) => {
          await world.faults.modal(method, request);
          return "proceed";
        },
      },
    });
    return world;
  }

  /** From now on this goes wrong, and nothing else. */
  let(faults: Partial<Faults>): void {
    this.faults = { ...noFaults, ...faults };
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Queues a job. @returns its id */
  async queue(inputs: { label?: string; gate?: string } = {}): Promise<number> {
    const trigger = { repository: "app", event: "workflow_dispatch", workflow: "one.yml", inputs } as const;
    const [runId] = await this.fleet.github.trigger(trigger);
    return this.#jobOf(runId);
  }

  /** Queues a run of several jobs: for the fleet, for GitHub's own runners, and one that is skipped. @returns ids by name */
  async queueSeveral(inputs: { gate?: string } = {}): Promise<{ plain: number; hosted: number; skipped: number }> {
    const trigger = { repository: "app", event: "workflow_dispatch", workflow: "several.yml", inputs } as const;
    const [runId] = await this.fleet.github.trigger(trigger);
    const jobs = this.fleet.github.state().jobs.filter((job) => job.runId === runId);
    const idOf = (key: string) => jobs.find((job) => job.key === key)?.id as number;
    return { plain: idOf("plain"), hosted: idOf("hosted"), skipped: idOf("skipped") };
  }

  /** Queues a job of a pull request from somebody else's fork. @returns its id */
  async queueFromFork(): Promise<number> {
    const trigger = { repository: "app", event: "pull_request", workflow: "pull.yml", fork: "stranger" } as const;
    const [runId] = await this.fleet.github.trigger(trigger);
    return this.#jobOf(runId);
  }

  #jobOf(runId: number | undefined): number {
    const job = this.fleet.github.state().jobs.find((entry) => entry.runId === runId);
    if (!job) throw new Error("no job was queued");
    return job.id;
  }

  /** A file that a job waits for, which nobody makes. */
  gate(): string {
    return join(this.#scratch, `gate-${++this.#gates}`);
  }

  job(id: number): JobView {
    const job = this.fleet.github.state().jobs.find((entry) => entry.id === id);
    if (!job) throw new Error(`there is no job ${id}`);
    return job;
  }

  /** Waits until the job has this status. */
  async reaches(id: number, status: JobView["status"]): Promise<void> {
    await until(`job ${id} is ${status}`, () => this.job(id).status === status);
  }

  /** Waits for the Sandbox that was made for the job. */
  async sandboxOf(id: number): Promise<RunningSandbox> {
    const isUp = ({ name, pid }: RunningSandbox) => name === `${id}-1` && pid !== undefined;
    return until(`job ${id} has a Sandbox`, () => this.fleet.modal.running().find(isUp));
  }

  /** Waits until the runner that was made for the job has come as far as it is let. */
  async held(id: number): Promise<void> {
    await until(`the runner of job ${id} is held`, () => [...this.#held].some((name) => name.includes(`-${id}-`)));
  }

  /** Waits until the controller has answered to what happened to the job. */
  async answered(id: number, action: "queued" | "in_progress" | "completed"): Promise<void> {
    const isIt = ({
      action: told,
      request,
    }: {
      action: string | null;
      request: { payload: Record<string, unknown> };
    }) => told === action && (request.payload["workflow_job"] as { id?: number } | undefined)?.id === id;
    await until(`${action} of job ${id}`, () => this.fleet.github.state().deliveries.some(isIt));
  }

  /** Opens the fleet as a command does. */
  async open<T>(use: (access: FleetAccess) => Promise<T>, env: Record<string, string> = {}): Promise<T> {
    const options = { env: { ...this.fleet.env, ...env }, warn: () => undefined, now: Date.now };
    const access = await openFleet({ ...options, toleratesOutages: true });
    try {
      return await use(access);
    } finally {
      access.close();
    }
  }

  /** @param laterMs how far the clock is ahead */
  explain(reference: number | string, laterMs = 0): Promise<JobExplanation> {
    return this.open((access) => explainJob(String(reference), access, { now: () => Date.now() + laterMs }));
  }

  async cancel(id: number): Promise<void> {
    const { repository, runId } = this.job(id);
    await this.open(({ octokit }) => octokit.request(`POST /repos/${repository}/actions/runs/${runId}/cancel`));
  }

  /** Ends what a case has left: its jobs, its Sandboxes, its runners. */
  async tidy(): Promise<void> {
    // The controller remembers jobs that wait for room: that they are over it must hear.
    this.let({ loses: (action) => action !== "completed" });
    const { github, modal } = this.fleet;
    const unfinished = github.state().jobs.filter(({ status }) => status !== "completed");
    await this.open(async ({ octokit }) => {
      // The newest first: what waits must not get the place of what runs.
      for (const run of github
        .state()
        .runs.filter(({ status }) => status !== "completed")
        .reverse()) {
        await octokit.request(`POST /repos/${run.repository}/actions/runs/${run.id}/force-cancel`);
      }
      for (const { pid } of modal.running()) if (pid !== undefined) process.kill(-pid, "SIGKILL");
      for (const { id } of github.state().runners) await octokit.request(`DELETE /orgs/acme/actions/runners/${id}`);
    });
    await Promise.all(unfinished.map(({ id }) => this.answered(id, "completed")));
    await until("no Sandbox is left", () => modal.running().length === 0);
    this.let({});
  }

  async close(): Promise<void> {
    this.let({});
    await this.fleet.close();
    rmSync(this.#scratch, { recursive: true, force: true });
  }
}
