// The deployed controller as `init` sees it: where it is, and whether it answers and has its secrets.
import type { ModalClient } from "modal";
import { unlessNotFound } from "../modal/apps.ts";
import { controllerAppName } from "../modal/names.ts";

export interface ControllerHealth {
  /** Whether it has got GitHub's values. */
  isConfigured: boolean;
  /** Hash of the policy that it runs; undefined where it does not say. */
  policyHash: string | undefined;
}

/** As long as a cold start may take. */
const patienceMs = 60_000;

/** Base address of the fleet's controller, without a slash at its end; undefined when none is deployed. */
export async function findControllerUrl(client: ModalClient, fleet: string): Promise<string | undefined> {
  const request = { appName: controllerAppName(fleet), objectTag: "serve", environmentName: client.environmentName() };
  const found = await unlessNotFound(() => client.cpClient.functionGet({ ...request, appVersion: 0 }));
  return found?.handleMetadata?.webUrl.replace(/\/+$/, "") || undefined;
}

/** What it says of itself; undefined when it does not answer as our controller does. @throws the signal's reason */
export async function readHealth(url: string, signal: AbortSignal): Promise<ControllerHealth | undefined> {
  try {
    const response = await fetch(`${url}/healthz`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]),
    });
    const said = (await response.json()) as { configured?: unknown; policy?: unknown } | null;
    if (!response.ok || said === null) return undefined;
    const policyHash = typeof said.policy === "string" ? said.policy : undefined;
    return { isConfigured: said.configured !== false, policyHash };
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
