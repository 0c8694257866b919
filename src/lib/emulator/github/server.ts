// A GitHub on loopback: REST API, web pages of the App manifest flow, webhooks, and the services that runners talk to,
// good enough for an unmodified Octokit and for a runner to work with.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import { toDictionaryData } from "../workflow/context-data.ts";
import { Apps } from "./apps.ts";
import type { GitHub } from "./context.ts";
import { Deliveries } from "./deliveries.ts";
import { Engine } from "./engine/engine.ts";
import { Planner } from "./engine/planner.ts";
import { githubContext } from "./engine/run-context.ts";
import { startRuns } from "./engine/start.ts";
import { Events, type GitHubListener } from "./events.ts";
import { PlaceHooks } from "./hooks.ts";
import { Ids } from "./ids.ts";
import type { App, Delivery, EventName, Permissions } from "./model.ts";
import type { GitHubEmulatorOptions } from "./options.ts";
import { RateLimits } from "./rate-limits.ts";
import { restApi } from "./rest-api.ts";
import { Blobs } from "./services/blobs.ts";
import { runnerServices } from "./services/runner-services.ts";
import { ServiceTokens } from "./services/service-tokens.ts";
import { Store } from "./store.ts";
import { Tokens } from "./tokens.ts";
import { Urls } from "./urls.ts";
import { type JobView, jobView, type RunnerView, type RunView, runnerView, runView } from "./views.ts";
import { webPages } from "./web-pages.ts";
import { sendInstallation, sendWorkflowJob } from "./webhooks.ts";

/** How often what only time does is looked after. */
const sweepMs = 200;

export interface TriggerOptions {
  /** Name, with or without the owner. */
  repository: string;
  event: EventName;
  /** Of workflow_dispatch. */
  inputs?: Record<string, unknown>;
  /** Branch or full ref; for a pull request its head branch. The default branch when absent. */
  ref?: string;
  /** Only this workflow, by file name. */
  workflow?: string;
  /** For a pull request from a fork: the login of the fork's owner. */
  fork?: string;
}

export interface EmulatorState {
  jobs: JobView[];
  runs: RunView[];
  runners: RunnerView[];
  /** Newest first. */
  deliveries: readonly Delivery[];
}

export interface GitHubEmulator extends AsyncDisposable {
  /** Base address of the REST API; `${url}/api/v3` serves the same, as GitHub Enterprise Server does. */
  readonly url: string;
  readonly app: {
    id: number;
    slug: string;
    clientId: string;
    /** PEM. */
    privateKey: string;
    webhookSecret: string;
    /** Of the present installation; 0 while there is none. */
    readonly installationId: number;
  };
  /** A personal access token; it may do everything unless the options say otherwise. */
  readonly token: string;
  /** Points the App's webhook elsewhere. */
  setWebhookUrl(url: string): void;
  /** As somebody who makes a new private key for the App and deletes the old one. @returns the new one, PEM */
  replaceAppKey(): Promise<string>;
  /** Lets the App ask for other permissions or events; its installation has what it had until they are accepted. */
  changeApp(change: { permissions?: Permissions; events?: string[] }): void;
  /** The account accepts what the App asks for. */
  acceptPermissions(): void;
  /** Makes an event happen; resolves with the ids of the runs that it started. @throws InputError, RangeError */
  trigger(options: TriggerOptions): Promise<number[]>;
  state(): EmulatorState;
  /** What the steps of a job wrote to their summaries, in the order of the steps. */
  summary(jobId: number): string;
  /** Calls the listener at each change; the function returned ends that. */
  on(listener: GitHubListener): () => void;
  /** Resolves when no run is unfinished. */
  settled(): Promise<void>;
  /** Stops serving, breaks off deliveries and waiting runners. */
  close(): Promise<void>;
}

/** Starts the emulator; resolves when it listens on 127.0.0.1. */
export async function startGitHubEmulator(options: GitHubEmulatorOptions): Promise<GitHubEmulator> {
  const events = new Events();
  const github = assemble(options, events);
  const own = await registerApp(github, options);
  const pages = root(github);
  const { intercept } = options;
  const server = createAdaptorServer({
    fetch: (request, env) => {
      const answer = async () => pages.fetch(request, env);
      return intercept ? intercept(request, answer) : answer();
    },
  });
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  github.urls.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sweep = setInterval(() => github.engine.sweep(), sweepMs).unref();
  const { engine, store } = github;

  const unfinished = () => [...engine.runs.values()].some((run) => run.status !== "completed");
  const close = async () => {
    clearInterval(sweep);
    await github.deliveries.close();
    if (!server.listening) return;
    server.close();
    if ("closeAllConnections" in server) server.closeAllConnections();
    await once(server, "close");
  };
  return {
    url: github.urls.origin,
    app: {
      ...{ id: own.id, slug: own.slug, clientId: own.clientId, privateKey: own.privateKey },
      webhookSecret: own.hook.secret,
      get installationId() {
        return own.installation?.id ?? 0;
      },
    },
    token: github.tokens.personal,
    setWebhookUrl(url) {
      Object.assign(own.hook, { url, active: true });
    },
    replaceAppKey: () => github.apps.replaceKey(own),
    changeApp({ permissions, events }) {
      if (permissions) own.permissions = { ...permissions, metadata: "read" };
      if (events) own.events = events;
    },
    acceptPermissions() {
      github.apps.acceptPermissions(own);
      if (own.installation) sendInstallation(github, own, own.installation, "new_permissions_accepted");
    },
    async trigger({ repository: name, ...event }) {
      const repository = store.repository(store.owner.login, name.split("/").at(-1) ?? "");
      if (!repository) throw new RangeError(`There is no repository ${name}.`);
      const runs = await startRuns(github, { repository, actor: store.user, ...event });
      return runs.map((run) => run.id);
    },
    state: () => stateOf(github),
    summary(jobId) {
      const job = engine.jobs.get(jobId);
      const texts = job?.steps.map(({ externalId: stepId }) =>
        github.blobs.read({ jobId: job.backendId, kind: "summary", stepId }),
      );
      return (texts ?? []).filter((text) => text !== undefined).join("\n");
    },
    on: (listener) => events.on(listener),
    settled() {
      if (!unfinished()) return Promise.resolve();
      return new Promise((resolve) => {
        const stop = events.on((event) => {
          if (event.type !== "run" || unfinished()) return;
          stop();
          resolve();
        });
      });
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function assemble(options: GitHubEmulatorOptions, events: Events): GitHub {
  const clock = options.clock ?? (() => new Date());
  const log = options.log ?? (() => {});
  const ids = new Ids();
  const urls = new Urls();
  const tokens = new Tokens(clock, options.token);
  const { owner, ownerType = "Organization", repositories, runnerGroups = [] } = options;
  const store = new Store({ owner, ownerType, repositories, runnerGroups }, ids, clock);
  const apps = new Apps(ids, clock);
  const hooks = new PlaceHooks(ids, clock);
  const deliveries = new Deliveries({ ids, clock, events, log, seam: options.deliver });
  const vars = toDictionaryData(options.variables ?? {});
  const planner = new Planner({ ids, clock, vars, githubContext: (run) => githubContext(run, urls) });
  const engine = new Engine({
    ...{ ids, clock, urls, store, tokens, events, planner },
    notify: (job, action) => sendWorkflowJob({ apps, deliveries, hooks, urls, store }, job, action),
    leaseMs: (options.leaseSeconds ?? 600) * 1000,
    pickUpMs: (options.pickUpSeconds ?? 60) * 1000,
    idleRemovalMs: (options.idleRemovalSeconds ?? Number.POSITIVE_INFINITY) * 1000,
  });
  return {
    ...{ ids, urls, store, apps, tokens, deliveries, hooks, engine, clock, log, vars },
    rateLimits: new RateLimits(options.rateLimits ?? {}, clock),
    blobs: new Blobs(urls, clock),
    serviceTokens: new ServiceTokens(),
    secrets: options.secrets ?? {},
    deprecatedRunnerVersions: options.deprecatedRunnerVersions ?? [],
    refuseLoopbackHooks: options.refuseLoopbackHooks ?? false,
  };
}

async function registerApp({ apps, store }: GitHub, { app: options = {} }: GitHubEmulatorOptions): Promise<App> {
  const permissions: Permissions = options.permissions ?? {
    actions: "write",
    administration: "write",
    ...(store.owner.type === "Organization" && { organization_self_hosted_runners: "write" }),
  };
  const app = await apps.register({
    name: `${store.owner.login} runners`,
    owner: store.owner,
    ...(options.id !== undefined && { id: options.id }),
    ...(options.privateKey !== undefined && { privateKey: options.privateKey }),
    externalUrl: "https://github.com",
    permissions,
    events: ["workflow_job"],
    hook: {
      active: true,
      url: options.webhookUrl ?? "",
      secret: options.webhookSecret ?? randomBytes(20).toString("hex"),
    },
  });
  apps.install(app, store.owner);
  return app;
}

function root(github: GitHub): Hono {
  const root = new Hono();
  root.route("/_services", runnerServices(github));
  root.route("/", webPages(github));
  const api = restApi(github);
  root.route("/api/v3", api);
  root.route("/", api);
  return root;
}

function stateOf({ engine, store, deliveries }: GitHub): EmulatorState {
  return {
    jobs: [...engine.jobs.values()].map(jobView),
    runs: [...engine.runs.values()].map(runView),
    runners: [...store.runners.values()].map((runner) =>
      runnerView(runner, { online: engine.sessions.online(runner), busy: engine.busy(runner) }),
    ),
    deliveries: deliveries.all(),
  };
}
