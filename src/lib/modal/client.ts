// The one place that loads the modal SDK: late, since it costs more start time than all the rest of the program.
import type { App, ModalClient } from "modal";

export interface ModalAccess {
  client: ModalClient;
  /** The fleet's App, in which all its Sandboxes live. */
  app: App;
  /** Closes the connections, so that the process can end. */
  close(): void;
}

export interface ModalOptions {
  fleet: string;
  /** A token pair; where absent, the SDK takes its own: MODAL_TOKEN_ID and MODAL_TOKEN_SECRET, then ~/.modal.toml. */
  tokenId?: string;
  tokenSecret?: string;
  /**
   * Seconds to wait at most while Modal throttles a call; the SDK would wait for ever. Where a person waits, half a
   * minute; in the controller, less than GitHub waits for an answer.
   */
  maxThrottleSeconds?: number;
}

/** The Modal App of a fleet. */
export function appName(fleet: string): string {
  return `modal-gha-${fleet}`;
}

/** gRPC over loopback breaks when a proxy is asked for it, so a Modal server on loopback is always reached directly. */
function bypassProxyForLoopback(): void {
  if (!/\/\/(127\.0\.0\.1|localhost)[:/]?/.test(process.env.MODAL_SERVER_URL ?? "")) return;
  process.env.no_proxy = [process.env.no_proxy, "127.0.0.1,localhost"].filter(Boolean).join(",");
}

/**
 * Connects to Modal and finds the fleet's App, creating it if there is none.
 * @throws what the SDK throws; a missing or refused token among it
 */
export async function connectModal(options: ModalOptions): Promise<ModalAccess> {
  bypassProxyForLoopback();
  const { ModalClient } = await import("modal");
  const silent = () => undefined;
  const client = new ModalClient({
    ...(options.tokenId && options.tokenSecret ? { tokenId: options.tokenId, tokenSecret: options.tokenSecret } : {}),
    maxThrottleWaitSecs: options.maxThrottleSeconds ?? 30,
    // The SDK warns once a Sandbox about plaintext on loopback; nothing else of its log is for an operator.
    logger: { debug: silent, info: silent, warn: silent, error: silent },
  });
  try {
    const app = await client.apps.fromName(appName(options.fleet), { createIfMissing: true });
    return { client, app, close: () => client.close() };
  } catch (error) {
    client.close();
    throw error;
  }
}
