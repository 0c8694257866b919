import { afterAll, beforeAll, expect, it } from "vitest";
import { secretName } from "../../../src/lib/modal/names.ts";
import { deleteSecret, readSecretState, writeSecret } from "../../../src/lib/modal/secrets.ts";
import { type Bench, startBench } from "../emulator/modal/support.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench[Symbol.asyncDispose]());

it("makes the fleet's Secret, changes values of it, and keeps the others", async () => {
  const { client } = bench;
  expect(await readSecretState(client, "one", ["A"])).toBe("missing");
  await writeSecret(client, "one", { A: "1", B: "2" });
  expect(await readSecretState(client, "one", ["A", "B"])).toBe("complete");
  await writeSecret(client, "one", { B: undefined, C: "3" });
  expect(await readSecretState(client, "one", ["A", "C"])).toBe("complete");
  expect(await readSecretState(client, "one", ["A", "B"])).toBe("incomplete");
  expect(await deleteSecret(client, "one")).toBe(true);
  expect(await readSecretState(client, "one", [])).toBe("missing");
  expect(await deleteSecret(client, "one")).toBe(false);
});

it("leaves a Secret of the same name alone that it did not make", async () => {
  const { client } = bench;
  await client.cpClient.secretGetOrCreate({
    deploymentName: secretName("other"),
    objectCreationType: 1,
    envDict: { A: "theirs" },
  });
  expect(await readSecretState(client, "other", ["A"])).toBe("not-ours");
  await expect(writeSecret(client, "other", { A: "ours" })).rejects.toThrow("left alone");
  expect(await deleteSecret(client, "other")).toBe(false);
  await expect(client.secrets.fromName(secretName("other"), { requiredKeys: ["A"] })).resolves.toBeDefined();
});
