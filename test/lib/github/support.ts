// What the tests of GitHub behind its port share: an emulator in virtual time, and fleets connected to it.
import { Octokit } from "@octokit/rest";
import type { GitHubEmulatorOptions } from "../../../src/lib/emulator/github/options.ts";
import type { GitHubEmulator } from "../../../src/lib/emulator/github/server.ts";
import type { GitHub, MintRequest } from "../../../src/lib/fleet/ports.ts";
import { connectGitHub, type GitHubOptions } from "../../../src/lib/github/client.ts";
import type { GitHubCredentials } from "../../../src/lib/github/credentials.ts";
import { type FleetGitHubOptions, fleetGitHub } from "../../../src/lib/github/fleet-github.ts";
import type { PacedOctokit } from "../../../src/lib/github/pace.ts";
import { parsePolicy } from "../../../src/lib/policy/parse.ts";
import type { Policy } from "../../../src/lib/policy/schema.ts";
import { buildWorkflow, emulatorWith, quiet } from "../emulator/github/harness.ts";

/** Time that passes only by sleeping, or when told. */
export class VirtualTime {
  ms = Date.now();
  readonly slept: number[] = [];
  readonly now = () => this.ms;
  readonly sleep = async (ms: number) => {
    this.slept.push(ms);
    const due = this.ms + ms;
    // In its turn, after what else is going on now.
    await new Promise((resolve) => setImmediate(resolve));
    this.ms = Math.max(this.ms, due);
  };
  pass(seconds: number): void {
    this.ms += seconds * 1000;
  }
}

export function policyOf(github: string, more = ""): Policy {
  return parsePolicy(`fleet: test\ngithub: ${github}\npools: [{ name: cpu, labels: [modal] }]\n${more}`, "test.yaml");
}

export interface Request {
  method: string;
  /** With the query. */
  path: string;
  status: number;
  authorization: string;
}

export interface World {
  emulator: GitHubEmulator;
  time: VirtualTime;
  /** Every request, in the order of the answers. */
  requests: Request[];
  /** Answers in the emulator's place where it returns something. */
  answer: (request: globalThis.Request) => Response | undefined;
}

/** An emulator of `acme/widgets` in virtual time, closed after the test. */
export async function worldWith(options: Partial<GitHubEmulatorOptions> = {}): Promise<World> {
  const time = new VirtualTime();
  const requests: Request[] = [];
  const world: Omit<World, "emulator"> = { time, requests, answer: () => undefined };
  const emulator = await emulatorWith(buildWorkflow, {
    clock: () => new Date(time.ms),
    intercept: async (request, answer) => {
      const response = world.answer(request) ?? (await answer());
      const { pathname, search } = new URL(request.url);
      const authorization = request.headers.get("authorization") ?? "";
      requests.push({ method: request.method, path: pathname + search, status: response.status, authorization });
      return response;
    },
    ...options,
  });
  return Object.assign(world, { emulator });
}

export function appOf({ emulator }: World): GitHubCredentials {
  return { kind: "app", appId: String(emulator.app.id), privateKey: emulator.app.privateKey };
}

export function connect(world: World, more: Partial<GitHubOptions> = {}): Promise<PacedOctokit> {
  const { emulator, time } = world;
  const common = { apiUrl: emulator.url, credentials: appOf(world), owner: "acme", now: time.now, sleep: time.sleep };
  return connectGitHub({ ...common, ...more });
}

export async function fleetOf(world: World, more: Partial<FleetGitHubOptions> = {}): Promise<GitHub> {
  const octokit = more.octokit ?? (await connect(world));
  const policy = policyOf("{ owner: acme }");
  return fleetGitHub({ octokit, policy, isApp: true, now: world.time.now, ...more });
}

export function mintRequest(name: string, more: Partial<MintRequest> = {}): MintRequest {
  return { name, labels: ["modal"], repository: "acme/widgets", runnerGroupId: 1, ...more };
}

/** Another App, made from a manifest and installed; with a webhook where there is an address for it. */
export async function anotherApp(
  { emulator }: World,
  hookUrl?: string,
): Promise<GitHubCredentials & { secret: string }> {
  const manifest = {
    name: "Boost of acme",
    url: "https://example.com",
    redirect_url: "http://127.0.0.1:9/",
    default_events: ["workflow_job"],
    default_permissions: { actions: "write", administration: "write", organization_self_hosted_runners: "write" },
    ...(hookUrl === undefined ? {} : { hook_attributes: { url: hookUrl } }),
  };
  const submit = (path: string, fields: Record<string, string>) =>
    fetch(emulator.url + path, { method: "POST", body: new URLSearchParams(fields), redirect: "manual" });
  const created = await submit("/organizations/acme/settings/apps", { manifest: JSON.stringify(manifest) });
  const code = new URL(created.headers.get("location")!).searchParams.get("code")!;
  const anonymous = new Octokit({ baseUrl: emulator.url, log: quiet });
  const { data: app } = await anonymous.apps.createFromManifest({ code });
  await submit(`/apps/${app.slug}/installations/new`, {});
  return { kind: "app", appId: String(app.id), privateKey: app.pem, secret: app.webhook_secret ?? "" };
}
