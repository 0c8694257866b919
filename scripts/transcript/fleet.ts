// The busy fleet of docs/operations.md: `modal-gha dev` with a repository, a policy and jobs that wait until they are told.

import { spawn } from "node:child_process";
import { createSign } from "node:crypto";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { DevAnnouncement } from "../../src/lib/rehearsal/dev-registry.ts";
import { projectRoot } from "../layering.ts";

export const policy = `fleet: acme
github: { owner: acme }
limits: { max-runners: 14, daily-budget-dollars: 200 }
pools:
  - name: cpu
    labels: [modal]
    cpu: 2
    memory: 4GiB
    max-runners: 9
    resources: { max-cpu: 16, max-memory: 64GiB }
  - name: gpu
    labels: [gpu-t4]
    gpu: T4
    memory: 16GiB
    max-runners: 4
`;

/** Jobs wait at a gate, a file, so that each is where the document wants it. */
const workflow = (name: string, jobs: string) => `name: ${name}\non: workflow_dispatch\njobs:\n${jobs}`;
const at = (gate: string) => `until [ -e "$GATES/${gate}" ]; do sleep 0.2; done`;

const workflows: Record<string, string> = {
  "ci.yml": workflow(
    "CI",
    `  test:
    name: test (\${{ matrix.shard }})
    strategy: { fail-fast: false, matrix: { shard: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14] } }
    runs-on: modal
    steps:
      - { name: Install, run: 'echo added 412 packages' }
      - name: Test
        run: |
          echo "shard \${{ matrix.shard }} of 14"
          if [ "\${{ matrix.shard }}" = 3 ]; then
            echo "not ok 17 - a cart without items has no total"
            echo "##[error]1 of 212 tests failed"
            exit 1
          fi
          ${at("tests")}
          echo "212 tests passed"
  train:
    name: train (\${{ matrix.precision }})
    strategy: { fail-fast: false, matrix: { precision: [fp32, fp16, bf16, int8, fp8] } }
    runs-on: gpu-t4
    steps:
      - name: Train
        run: |
          echo "epoch 1: loss 2.31"
          ${at("trainings")}
          echo "epoch 2: loss 1.07"
  benchmark:
    runs-on: [self-hosted, gpu-h200]
    steps: [{ run: echo never }]
`,
  ),
  "docs.yml": workflow("Docs", "  docs:\n    runs-on: modal\n    steps: [{ name: Build, run: 'echo 41 pages' }]\n"),
  "nightly.yml": workflow(
    "Nightly",
    `  soak:
    name: soak (\${{ matrix.hour }})
    strategy: { matrix: { hour: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] } }
    runs-on: modal
    steps: [{ name: Soak, run: '${at("soak")}' }]
`,
  ),
};

export interface Job {
  id: number;
  run_id: number;
  name: string;
  status: string;
  conclusion: string | null;
}

export class BusyFleet {
  readonly folder = mkdtempSync(join(tmpdir(), "mg-"));
  announced!: DevAnnouncement;
  env!: Record<string, string>;
  #dev: ReturnType<typeof spawn> | undefined;

  async start(): Promise<void> {
    const repository = join(this.folder, "shop");
    mkdirSync(join(repository, ".github", "workflows"), { recursive: true });
    for (const [name, text] of Object.entries(workflows)) {
      const file = join(repository, ".github", "workflows", name);
      writeFileSync(file, text.replaceAll("$GATES", this.folder));
    }
    writeFileSync(join(this.folder, "modal-gha.yaml"), policy);
    mkdirSync(join(this.folder, "bin"));
    const program = join(this.folder, "bin", "modal-gha");
    const node = [process.execPath, join(projectRoot, "bin", "run.js")].map((path) => `'${path}'`).join(" ");
    writeFileSync(program, `#!/bin/sh\nexec ${node} "$@"\n`);
    chmodSync(program, 0o755);
    const home = { HOME: this.folder, TMPDIR: this.folder, PATH: `${join(this.folder, "bin")}:${process.env["PATH"]}` };
    this.#dev = spawn(program, ["dev", repository, "--policy", join(this.folder, "modal-gha.yaml"), "--json"], {
      stdio: ["ignore", "pipe", "ignore"],
      env: { ...home, no_proxy: "127.0.0.1,localhost" },
    });
    const [line] = await once(this.#dev.stdout as NodeJS.ReadableStream, "data");
    this.announced = JSON.parse(String(line)) as DevAnnouncement;
    this.env = { ...this.announced.env, ...home, XDG_CONFIG_HOME: join(this.folder, ".config") };
  }

  async stop(): Promise<void> {
    if (this.#dev && this.#dev.exitCode === null) {
      this.#dev.kill("SIGINT");
      await once(this.#dev, "exit");
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  open(gate: string): void {
    writeFileSync(join(this.folder, gate), "");
  }

  async dispatch(file: string): Promise<void> {
    await this.#api("POST", `/repos/acme/shop/actions/workflows/${file}/dispatches`, { ref: "main" });
  }

  async jobs(): Promise<Job[]> {
    const { workflow_runs: runs } = await this.#api<{ workflow_runs: { id: number }[] }>(
      "GET",
      "/repos/acme/shop/actions/runs?per_page=100",
    );
    const lists = runs.map(({ id }) =>
      this.#api<{ jobs: Job[] }>("GET", `/repos/acme/shop/actions/runs/${id}/jobs?per_page=100`),
    );
    return (await Promise.all(lists)).flatMap(({ jobs }) => jobs).sort((a, b) => a.id - b.id);
  }

  /** Waits until the jobs are as they should be. @throws Error after two minutes */
  async until(what: string, isSo: (jobs: Job[]) => boolean): Promise<Job[]> {
    for (let tries = 0; tries < 240; tries++) {
      const jobs = await this.jobs();
      if (isSo(jobs)) return jobs;
      await sleep(500);
    }
    throw new Error(`not within two minutes: ${what}`);
  }

  cancel(run: number): Promise<unknown> {
    return this.#api("POST", `/repos/acme/shop/actions/runs/${run}/cancel`);
  }

  /** Where GitHub sends webhooks: nowhere, or to the controller. */
  async connectWebhook(isConnected: boolean): Promise<void> {
    const url = isConnected ? this.announced.webhookUrl : "http://127.0.0.1:9/webhook";
    await this.#app("PATCH", "/app/hook/config", { url });
  }

  #api<T>(method: string, path: string, body?: object, token = this.env["GITHUB_TOKEN"]): Promise<T> {
    return fetch(`${this.announced.githubUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    }).then(async (answer) => (answer.status === 204 ? undefined : answer.json().catch(() => undefined)) as T);
  }

  #app(method: string, path: string, body?: object): Promise<unknown> {
    const seconds = Math.floor(Date.now() / 1000);
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = { iat: seconds - 30, exp: seconds + 300, iss: String(this.announced.appId) };
    const unsigned = `${encode({ alg: "RS256", typ: "JWT" })}.${encode(claims)}`;
    const key = readFileSync(this.announced.privateKeyFile, "utf8");
    const signature = createSign("RSA-SHA256").update(unsigned).sign(key, "base64url");
    return this.#api(method, path, body, `${unsigned}.${signature}`);
  }
}
