import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { checkHealth } from "../../../../src/lib/modal/deploy/health.ts";

/** An endpoint with these answers, the last of them for good. */
async function endpoint(answers: (number | object)[]): Promise<string> {
  const server = createServer((_request, response) => {
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    response.statusCode = typeof answer === "number" ? answer : 200;
    response.end(JSON.stringify(answer));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Time that passes by waiting alone. */
function clock() {
  let ms = 0;
  const sleep = async (pauseMs: number) => {
    ms += pauseMs;
  };
  return { now: () => ms, sleep };
}

const well = { fleet: "acme", version: "1", policy: "p", deployment: "d", configured: true };

it("does not give a controller up for a few failures in its first seconds", async () => {
  const url = await endpoint([503, 500, 502, 503, 500, 500, well]);
  const health = await checkHealth({ url, expected: { deployment: "d" }, withinMs: 120_000, clock: clock() });
  expect(health).toMatchObject(well);
});

it("gives it up once it has failed for twenty seconds, long before its time is over", async () => {
  const time = clock();
  const options = { expected: { deployment: "d" }, withinMs: 120_000, clock: time };
  expect(await checkHealth({ url: await endpoint([500]), ...options })).toBe("it answered 500");
  expect(time.now()).toBeGreaterThanOrEqual(20_000);
  expect(time.now()).toBeLessThan(30_000);
});
