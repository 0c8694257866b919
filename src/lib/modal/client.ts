// The one place that loads the modal SDK: late, since it costs more start time than all the rest of the program.
import type { App, ModalClient } from "modal";
import { appName } from "./names.ts";

/** A connection; nothing is looked up or made by it. */
export interface ModalConnection {
  client: ModalClient;
  /** Closes the connections, so that the process can end. */
  close(): void;
}

export interface ModalAccess extends ModalConnection {
  /** The fleet's App, in which all its Sandboxes live. */
  app: App;
}

export interface ModalCredentials {
  /** A token pair; where absent, the SDK takes its own: MODAL_TOKEN_ID and MODAL_TOKEN_SECRET, then ~/.modal.toml. */
  tokenId?: string | undefined;
  tokenSecret?: string | undefined;
  /**
   * Seconds to wait at most while Modal throttles a call; the SDK would wait for ever. Where a person waits, half a
   * minute; in the controller, less than GitHub waits for an answer.
   */
  maxThrottleSeconds?: number;
}

/** gRPC over loopback breaks when a proxy is asked for it, so a Modal server on loopback is always reached directly. */
function bypassProxyForLoopback(): void {
  if (!/\/\/(127\.0\.0\.1|localhost)[:/]?/.test(process.env.MODAL_SERVER_URL ?? "")) return;
  process.env.no_proxy = [process.env.no_proxy, "127.0.0.1,localhost"].filter(Boolean).join(",");
}

/**
 * Makes a client; Modal is not called yet.
 * @throws Error of the SDK when there are no credentials anywhere
 */
export async function openModal(credentials: ModalCredentials = {}): Promise<ModalConnection> {
  bypassProxyForLoopback();
  const { ModalClient } = await import("modal");
  const silent = () => undefined;
  const { tokenId, tokenSecret, maxThrottleSeconds = 30 } = credentials;
  const client = new ModalClient({
    ...(tokenId && tokenSecret ? { tokenId, tokenSecret } : {}),
    maxThrottleWaitSecs: maxThrottleSeconds,
    // The SDK warns once a Sandbox about plaintext on loopback; nothing else of its log is for an operator.
    logger: { debug: silent, info: silent, warn: silent, error: silent },
  });
  return { client, close: () => client.close() };
}

export interface FleetAtModal extends ModalCredentials {
  fleet: string;
  /** For what sets a fleet up, or runs it. Whoever only looks at one must not leave an App behind for a mistyped name. */
  createIfMissing?: boolean;
}

/**
 * Connects to Modal and finds the fleet's App.
 * @throws what the SDK throws: of a missing or refused token, and NotFoundError where there is no such App
 */
export async function connectModal(options: FleetAtModal): Promise<ModalAccess> {
  const { client, close } = await openModal(options);
  try {
    const { createIfMissing = false } = options;
    const app = await client.apps.fromName(appName(options.fleet), { createIfMissing });
    return { client, app, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Stands for a Modal that cannot be reached now: whatever is asked of it fails at once, as the first call did after its retries. */
export function unreachableModal(error: Error): ModalAccess {
  const fail = () => {
    throw error;
  };
  const stand = <T extends object>() => new Proxy({} as T, { get: fail });
  return { client: stand<ModalClient>(), app: stand<App>(), close: () => undefined };
}
