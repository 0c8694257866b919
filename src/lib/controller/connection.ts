// The controller's fleet, connected to when it is first needed: what starts a container is a request that waits, and
// listening needs none of the SDKs. A connection that could not be made is tried again, so that an App that is installed
// later, or a service that was down, needs no new container.
import type { FleetLoop } from "../fleet/loop.ts";

export interface ConnectedFleet {
  loop: FleetLoop;
  close(): void;
}

export interface Connection {
  /** The loop. @throws what connecting threw, for some seconds the same again */
  loop(): Promise<FleetLoop>;
  /** Whether it is connected; where that is just being tried, once it is known, or after so many milliseconds. */
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
  return {
    async loop() {
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
    },
    async isConnected(withinMs) {
      const due = Promise.withResolvers<void>();
      const timer = setTimeout(due.resolve, withinMs);
      await Promise.race([attempt?.catch(() => undefined), due.promise]);
      clearTimeout(timer);
      return connected !== undefined;
    },
    close: () => connected?.close(),
  };
}
