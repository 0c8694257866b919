// Lists of Sandboxes with their names and tags. The SDK's own list() leaves both out, so it would take a call more for
// every Sandbox.
import type { ModalClient } from "modal";

/** A call that lists is answered within this time, or counts as not answered. The SDK itself would wait for ever. */
const listTimeoutMs = 30_000;

export type SandboxInfo = Awaited<ReturnType<ModalClient["cpClient"]["sandboxListV2"]>>["sandboxes"][number];

export interface SandboxQuery {
  /** Of one App; without it, of the client's whole Environment. */
  appId?: string;
  /** Those with all of these tags. */
  tags: Readonly<Record<string, string>>;
  includeFinished: boolean;
  /** Milliseconds since the epoch; what was created before is left out. */
  since?: number;
}

/** Page by page, the newest first. @throws what the SDK's gRPC client throws */
export async function* listSandboxes(client: ModalClient, query: SandboxQuery): AsyncGenerator<SandboxInfo> {
  const { appId = "", includeFinished, since = 0 } = query;
  const tags = Object.entries(query.tags).map(([tagName, tagValue]) => ({ tagName, tagValue }));
  const environmentName = client.environmentName();
  const seen = new Set<string>();
  let beforeTimestamp: number | undefined;
  for (;;) {
    const request = { appId, environmentName, beforeTimestamp, includeFinished, tags };
    const page = await client.cpClient.sandboxListV2(request, { timeoutMs: listTimeoutMs });
    for (const info of page.sandboxes) {
      if (info.createdAt * 1000 < since || seen.has(info.id)) continue;
      seen.add(info.id);
      yield info;
    }
    beforeTimestamp = page.sandboxes.at(-1)?.createdAt;
    if (beforeTimestamp === undefined || beforeTimestamp * 1000 < since) return;
  }
}

/** A Sandbox's tags by name. */
export function tagsOf(info: SandboxInfo): Record<string, string> {
  return Object.fromEntries(info.tags.map(({ tagName, tagValue }) => [tagName, tagValue]));
}
