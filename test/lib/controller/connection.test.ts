import { expect, it } from "vitest";
import { connectWhenNeeded } from "../../../src/lib/controller/connection.ts";
import type { FleetLoop } from "../../../src/lib/fleet/loop.ts";
import { Unavailable } from "../../../src/lib/fleet/ports.ts";

const loop = { hear: async () => [] } as unknown as FleetLoop;

it("connects once, for all who wait, and closes what it connected", async () => {
  let [connects, closed] = [0, 0];
  const connection = connectWhenNeeded(
    async () => {
      connects++;
      return { loop, close: () => void closed++ };
    },
    () => 0,
  );
  connection.close();
  expect([await connection.isConnected(0), connects, closed]).toEqual([false, 0, 0]);
  expect(await Promise.all([connection.loop(), connection.loop()])).toEqual([loop, loop]);
  expect([await connection.isConnected(0), connects]).toEqual([true, 1]);
  connection.close();
  expect(closed).toBe(1);
});

it("tries again what failed, but not for every webhook of a burst", async () => {
  let [now, connects] = [1_000, 0];
  const connection = connectWhenNeeded(
    async () => {
      connects++;
      if (connects < 3) throw new Error(`fault ${connects}`);
      return { loop, close: () => undefined };
    },
    () => now,
  );
  await expect(connection.loop()).rejects.toThrow("fault 1");
  now += 4_999;
  await expect(connection.loop()).rejects.toThrow("fault 1");
  now += 1;
  await expect(connection.loop()).rejects.toThrow("fault 2");
  now += 5_000;
  expect(await connection.loop()).toBe(loop);
  expect(connects).toBe(3);
});

it("says whether it is connected once that is known, and no later than it is asked to", async () => {
  const connecting = Promise.withResolvers<{ loop: FleetLoop; close(): void }>();
  const connection = connectWhenNeeded(
    () => connecting.promise,
    () => 0,
  );
  const waiting = connection.loop();
  expect(await connection.isConnected(1)).toBe(false);
  const asked = connection.isConnected(60_000);
  connecting.reject(new Error("no"));
  await expect(waiting).rejects.toThrow("no");
  expect(await asked).toBe(false);
});

it("counts as not connected once GitHub or Modal refuses it, until a look goes well again; an outage is none of that", async () => {
  const refused = Object.assign(new Error("GitHub does not accept our credentials"), { name: "Refused" });
  const outage = new Unavailable("github", "GitHub: Bad Gateway");
  const strange = new Unavailable("modal", "Modal: wrong token", { cause: Object.assign(new Error(), { code: 16 }) });
  const looks: (Error | undefined)[] = [undefined, outage, refused, outage, undefined, strange, undefined];
  const told: boolean[] = [];
  const reconcile = async () => {
    const fault = looks.shift();
    if (fault) throw fault;
    return [];
  };
  const fleet = { loop: { reconcile } as unknown as FleetLoop, close: () => undefined };
  const connection = connectWhenNeeded(
    async () => fleet,
    () => 0,
  );
  while (looks.length > 0) {
    await connection.reconcile().catch(() => undefined);
    told.push(await connection.isConnected(0));
  }
  expect(told).toEqual([true, true, false, false, true, false, true]);
});
