import { expect, it } from "vitest";
import { connectWhenNeeded } from "../../../src/lib/controller/connection.ts";
import type { FleetLoop } from "../../../src/lib/fleet/loop.ts";

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
  expect([connection.isConnected(), connects, closed]).toEqual([false, 0, 0]);
  expect(await Promise.all([connection.loop(), connection.loop()])).toEqual([loop, loop]);
  expect([connection.isConnected(), connects]).toEqual([true, 1]);
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
