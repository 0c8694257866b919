// What the tests of setting up GitHub share: a browser without scripts, and a controller that answers webhooks.
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { onTestFinished } from "vitest";
import { createControllerServer } from "../../../../src/lib/controller/server.ts";
import type { GitHubEmulator } from "../../../../src/lib/emulator/github/server.ts";
import type { AppAccess } from "../../../../src/lib/github/setup/app.ts";
import { appManifest, type ManifestWish } from "../../../../src/lib/github/setup/manifest.ts";

export const wish: ManifestWish = {
  fleet: "rockets",
  owner: "acme",
  scope: "organization",
  hookUrl: "http://127.0.0.1:9/webhook",
};
export const manifest = appManifest(wish);

export function accessOf({ url, app }: GitHubEmulator): AppAccess {
  return { apiUrl: url, appId: app.id, privateKey: app.privateKey };
}

/** A port on which nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** A page as a browser without scripts shows it. */
export interface Shown {
  url: string;
  status: number;
  html: string;
  headers: Headers;
}

export async function show(url: string, init: RequestInit = {}): Promise<Shown> {
  const response = await fetch(url, init);
  return { url: response.url, status: response.status, html: await response.text(), headers: response.headers };
}

function plain(text: string): string {
  return text.replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&amp;", "&");
}

/** Submits the one form of a page, following where it leads. */
export function submit({ url, html }: Shown, change: Record<string, string> = {}): Promise<Shown> {
  const action = plain(/<form[^>]* action="([^"]*)"/.exec(html)?.[1] ?? url);
  const fields = [...html.matchAll(/<input[^>]* name="([^"]*)" value="([^"]*)"/g)];
  const values = Object.fromEntries(fields.map(([, name, value]) => [name, plain(value ?? "")]));
  return show(new URL(action, url).href, { method: "POST", body: new URLSearchParams({ ...values, ...change }) });
}

/** The real controller's server on loopback, closed after the test; it hears of jobs and does nothing. */
export async function controllerWith(secrets: string[]) {
  const events: string[] = [];
  const server = createControllerServer({
    loop: { hear: async () => [] },
    webhookSecrets: secrets,
    identity: {},
    recorder: { log: (event: string) => void events.push(event) },
    policy: {},
  } as unknown as Parameters<typeof createControllerServer>[0]);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhook`;
  return { url, secrets, events };
}

/** Waits between looks at the delivery log until GitHub has put another delivery into it. */
export function untilDelivered(github: GitHubEmulator): () => Promise<void> {
  let count = 0;
  const waiting = new Set<() => void>();
  onTestFinished(
    github.on(({ type }) => {
      if (type !== "delivery") return;
      count++;
      for (const wake of waiting) wake();
    }),
  );
  let seen = 0;
  return async () => {
    if (count <= seen) {
      await new Promise<void>((resolve) => {
        waiting.add(resolve);
      });
    }
    waiting.clear();
    seen = count;
  };
}
