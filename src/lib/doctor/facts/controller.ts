// Where the fleet's controller is, and what it says of itself.
import { setTimeout as sleepFor } from "node:timers/promises";
import { z } from "zod";
import { type FoundApp, findApp } from "../../modal/apps.ts";
import { findUrl } from "../../modal/deploy/history.ts";
import { controllerAppName } from "../../modal/names.ts";
import { once } from "../once.ts";
import type { FactsOptions } from "./facts.ts";
import type { GitHubFacts } from "./github.ts";
import type { LocalFacts } from "./local.ts";
import type { ModalFacts } from "./modal.ts";

/** What GET /healthz answers. */
const healthSchema = z.object({
  ok: z.literal(true),
  /** False while its Secret lacks what is GitHub's. */
  configured: z.boolean().default(true),
  version: z.string().optional(),
  fleet: z.string().optional(),
  /** Hash of its policy. */
  policy: z.string().optional(),
  /** Of the deploy that it comes from. */
  deployment: z.string().optional(),
  /** Whether its own credentials have got it through to GitHub and Modal. */
  connected: z.boolean().default(true),
});

export type Health = z.output<typeof healthSchema> & {
  /** How far its clock is ahead of ours, in milliseconds, to the second; undefined where it tells no time. */
  aheadMs: number | undefined;
};

/** Why an address is no controller's, in words. */
export class NoController extends Error {}

export interface ControllerFacts {
  /** The controller's App at Modal; undefined when it is not deployed there. */
  deployment(): Promise<{ app: FoundApp; url: string | undefined } | undefined>;
  /** Base address without a slash: of the deployment, else as the settings or the webhook of the App have it. */
  address(): Promise<string | undefined>;
  /** @throws NoController */
  health(): Promise<Health>;
}

export function controllerFacts(
  { now }: FactsOptions,
  local: LocalFacts,
  modal: ModalFacts,
  github: GitHubFacts,
): ControllerFacts {
  const deployment = once(async () => {
    const { fleet } = (await local.policy()).policy;
    const client = await modal.client();
    const app = await findApp(client, controllerAppName(fleet), fleet);
    if (!app) return undefined;
    return { app, url: await findUrl(client, fleet) };
  });
  const address = once(async () => {
    const deployed = await deployment();
    if (deployed?.url !== undefined) return deployed.url;
    const named = (await local.settings()).settings.webhookUrl;
    if (named) return baseOf(named.value);
    // GitHub has its own checks: here it may only help, and not for long.
    const [app] = await Promise.race([github.apps().catch(() => []), sleepFor(helpingMs, [], { ref: false })]);
    return app?.hook && baseOf(app.hook.url);
  });
  const health = once(async () => {
    const base = await address();
    if (base === undefined) throw new NoController("its address is not known");
    const deadline = now() + connectingMs;
    for (;;) {
      const said = await askHealth(base, now);
      // One that has just started is still about to connect.
      if (said.connected || !said.configured || now() > deadline) return said;
      await sleepFor(1_000);
    }
  });
  return { deployment, address, health };
}

/** The controller's address by that of its webhook. */
export function baseOf(webhookUrl: string): string {
  return webhookUrl.replace(/\/+$/, "").replace(/\/webhook$/, "");
}

/** How long a controller that has just started may take to get through to GitHub and Modal. */
const connectingMs = 10_000;
/** How long GitHub is waited for where it only may help. */
const helpingMs = 10_000;
/** How long a controller may take, a cold start included. */
const patienceMs = 45_000;

/** @throws NoController */
export async function askHealth(base: string, now: () => number): Promise<Health> {
  const started = now();
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${base}/healthz`, { redirect: "manual", signal: AbortSignal.timeout(patienceMs) });
    text = await response.text();
  } catch (error) {
    const { cause, message, name } = error as Error;
    if (name === "TimeoutError") throw new NoController(`there was no answer within ${patienceMs / 1000} s`);
    const { code } = (cause ?? {}) as { code?: string };
    throw new NoController(`it cannot be reached: ${(cause as Error | undefined)?.message || code || message}`);
  }
  if (!response.ok) throw new NoController(`it answered ${response.status} to GET /healthz`);
  const parsed = healthSchema.safeParse(asJson(text));
  if (!parsed.success) throw new NoController("something else than a controller answers there");
  return { ...parsed.data, aheadMs: aheadBy(response.headers.get("date"), started, now()) };
}

/**
 * How far a server's clock is ahead, by its Date header, which has whole seconds.
 * @param started before the request, in milliseconds since the epoch
 * @param ended after the answer
 */
export function aheadBy(date: string | null, started: number, ended: number): number | undefined {
  const told = Date.parse(date ?? "");
  if (!Number.isFinite(told)) return undefined;
  // It was told some time between the two, and may be up to a second further on.
  if (told > ended) return told - ended;
  if (told + 1000 < started) return told + 1000 - started;
  return 0;
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
