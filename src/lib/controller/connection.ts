// The controller's fleet, connected to when it is first needed: what starts a container is a request that waits, and
// listening needs none of the SDKs. A connection that could not be made is tried again, so that an App that is installed
// later, or a service that was down, needs no new container. A connection that stands and is refused by now, since a key
// was revoked, counts as none.
import type { FleetLoop, Step } from "../fleet/loop.ts";

export interface ConnectedFleet {
  loop: FleetLoop;
  close(): void;
}

export interface Connection {
  /** The loop. @throws what connecting threw, for some seconds the same again */
  loop(): Promise<FleetLoop>;
  /** Looks at the whole fleet. @throws as loop(), and what the look threw */
  reconcile(): Promise<Step[]>;
  /**
   * Whether it is connected, and was not refused at the last look; where that is just being tried, once it is known, or
   * after so many milliseconds.
   */
  isConnected(withinMs: number): Promise<boolean>;
  close(): void;
}

/** Milliseconds before a connection that failed is tried again. */
const retryMs = 5_000;

/** @param now milliseconds since the epoch */
export function connectWhenNeeded(connect: () => Promise<ConnectedFleet>, now: () => number): Connection {
  let attempt: Promise<ConnectedFleet> | undefined;
  let connected: ConnectedFleet | undefined;
  let failedAt: number | undefined;
  let isRefused = false;
  async function loop(): Promise<FleetLoop> {
    if (failedAt !== undefined && now() - failedAt >= retryMs) {
      failedAt = undefined;
      attempt = undefined;
    }
    attempt ??= connect().then(
      (fleet) => {
        connected = fleet;
        return fleet;
      },
      (error: unknown) => {
        failedAt = now();
        throw error;
      },
    );
    return (await attempt).loop;
  }
  return {
    loop,
    async reconcile() {
      const fleet = await loop();
      try {
        const steps = await fleet.reconcile();
        isRefused = false;
        return steps;
      } catch (error) {
        // An outage tells nothing of the credentials.
        isRefused ||= isRefusal(error);
        throw error;
      }
    },
    async isConnected(withinMs) {
      const due = Promise.withResolvers<void>();
      const timer = setTimeout(due.resolve, withinMs);
      await Promise.race([attempt?.catch(() => undefined), due.promise]);
      clearTimeout(timer);
      return connected !== undefined && !isRefused;
    },
    close: () => connected?.close(),
  };
}

/** gRPC UNAUTHENTICATED: https://grpc.io/docs/guides/status-codes/ */
const unauthenticated = 16;

/** Whether GitHub (Refused of github/errors.ts, by name, as nothing of GitHub's is loaded here) or Modal takes us for nobody. */
function isRefusal(error: unknown): boolean {
  const { name, cause } = error as { name?: string; cause?: { code?: unknown } };
  return name === "Refused" || cause?.code === unauthenticated;
}
