import type { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { confirmName } from "../../../src/lib/cli/confirm-name.ts";
import { testStreams } from "./test-streams.ts";

async function typing(...keys: string[]) {
  const io = testStreams({ isTTY: true });
  const asked = confirmName(io, "destroy the fleet", "acme", false);
  // Watched from the start, since it may be refused while keys are still typed.
  asked.catch(() => undefined);
  await expect.poll(() => io.stderrText).toContain("type its name (acme)");
  for (const key of keys) (io.stdin as PassThrough).write(key);
  return asked;
}

it("goes on once the name was typed", async () => {
  await expect(typing("acme\r")).resolves.toBeUndefined();
});

it("does nothing when another name, or none, was typed, or Ctrl-C", async () => {
  await expect(typing("acme-2\r")).rejects.toMatchObject({ code: "not-confirmed", exitCode: 1 });
  await expect(typing("\r")).rejects.toMatchObject({ code: "not-confirmed" });
  await expect(typing("\u0003")).rejects.toMatchObject({ code: "interrupted", exitCode: 130 });
});

it("demands --yes where nobody can be asked, and asks nothing with it", async () => {
  const io = testStreams();
  await expect(confirmName(io, "destroy the fleet", "acme", false)).rejects.toMatchObject({ exitCode: 2 });
  await expect(confirmName(io, "destroy the fleet", "acme", true)).resolves.toBeUndefined();
  expect(io.stderrText).toBe("");
});
