// What the tests of the emulated GitHub share: one emulator with repositories made for it, Octokits, a webhook receiver.
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAppAuth } from "@octokit/auth-app";
import { Octokit } from "@octokit/rest";
import { onTestFinished } from "vitest";
import type { GitHubEvent } from "../../../../src/lib/emulator/github/events.ts";
import type { GitHubEmulatorOptions } from "../../../../src/lib/emulator/github/options.ts";
import { type GitHubEmulator, startGitHubEmulator } from "../../../../src/lib/emulator/github/server.ts";
import { FakeRunner } from "./fake-runner.ts";

export const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** One job, `build`, that asks for the label `modal`. */
export const buildWorkflow = `
name: CI
on: [push, workflow_dispatch, pull_request]
jobs:
  build:
    runs-on: [modal]
    steps:
      - run: make
`;

/** A directory, removed after the test, with these files in it. */
export async function directoryOf(files: Record<string, string>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "emulated-repository-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    const file = join(directory, path);
    await mkdir(join(file, ".."), { recursive: true });
    await writeFile(file, content);
  }
  return directory;
}

/** An emulator, closed after the test, for `acme/widgets` with one workflow file, `ci.yml`. */
export async function emulatorWith(
  workflow: string,
  options: Partial<GitHubEmulatorOptions> = {},
): Promise<GitHubEmulator> {
  const directory = await directoryOf({ ".github/workflows/ci.yml": workflow });
  const github = await startGitHubEmulator({
    owner: "acme",
    repositories: [{ name: "widgets", directory }],
    ...options,
  });
  onTestFinished(() => github.close());
  return github;
}

export const repo = { owner: "acme", repo: "widgets" };

/** With the personal access token. */
export function octokitOf(github: GitHubEmulator, auth: string | undefined = github.token): Octokit {
  return new Octokit({ baseUrl: github.url, auth, log: quiet, request: { retries: 0 } });
}

/** As the App; with its installation's token everywhere but at the App's own endpoints. */
export function appOctokitOf(github: GitHubEmulator, baseUrl = github.url): Octokit {
  const { id: appId, privateKey, installationId } = github.app;
  return new Octokit({ baseUrl, authStrategy: createAppAuth, auth: { appId, privateKey, installationId }, log: quiet });
}

let runners = 0;

/** Registers a JIT runner, connects it, and leaves it idle. */
export async function runnerWith(github: GitHubEmulator, labels: string[]): Promise<FakeRunner> {
  const { data } = await octokitOf(github).actions.generateRunnerJitconfigForOrg({
    org: "acme",
    name: `runner-${runners++}`,
    runner_group_id: 1,
    labels,
  });
  return new FakeRunner(data.encoded_jit_config).connect();
}

/** The first event that fits, from now on. */
export function eventOf(github: GitHubEmulator, fits: (event: GitHubEvent) => boolean): Promise<GitHubEvent> {
  return new Promise((resolve) => {
    const stop = github.on((event) => {
      if (!fits(event)) return;
      stop();
      resolve(event);
    });
  });
}

export interface ReceivedWebhook {
  headers: IncomingHttpHeaders;
  body: string;
}

/** A server that answers webhooks as told, closed after the test. */
export async function webhookReceiver(
  answer: () => { status: number; body: unknown } = () => ({ status: 200, body: {} }),
) {
  const received: ReceivedWebhook[] = [];
  const waiting = new Set<() => void>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { status, body } = answer();
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
    for (const wake of waiting) wake();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhook`;
  /** Resolves with the first webhooks, once there are so many. */
  const take = (count: number): Promise<ReceivedWebhook[]> =>
    new Promise((resolve) => {
      const check = () => {
        if (received.length < count) return;
        waiting.delete(check);
        resolve(received.slice(0, count));
      };
      waiting.add(check);
      check();
    });
  return { url, received, take };
}
