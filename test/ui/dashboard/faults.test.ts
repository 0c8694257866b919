import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bundleOptions } from "../../../scripts/bundle.ts";
import { openTerminal } from "../../../scripts/terminal.ts";

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "dashboard-faults-"));
  const entryPoints = ["test/ui/dashboard/faulty-program.tsx"];
  await build({ ...bundleOptions, entryPoints, outdir: folder, splitting: true, outExtension: { ".js": ".mjs" } });
});
afterAll(() => rmSync(folder, { recursive: true }));

it.each([
  ["drawing", "", /reported: .*undefined/],
  // It comes once the deliveries are looked at.
  ["elsewhere", "3", /reported: a fault elsewhere/],
])("a fault of the program, %s, leaves the terminal as it was, and is told on it", async (kind, keys, told) => {
  const command = [process.execPath, join(folder, "faulty-program.mjs"), kind];
  const terminal = openTerminal({ command, env: { PATH: process.env["PATH"], HOME: folder } });
  if (keys !== "") {
    await terminal.until(/3 Deliveries/);
    terminal.type(keys);
  }
  const end = await terminal.ended;
  expect(end.code).toBe(1);
  expect(end.settingsAfter).toBe(end.settingsBefore);
  expect(terminal.screen.buffer.active.type).toBe("normal");
  expect(terminal.text()).toMatch(told);
});

it("waits for what was begun on the terminal as it was, until it is interrupted", async () => {
  const command = [process.execPath, join(folder, "faulty-program.mjs"), "endless"];
  const terminal = openTerminal({ command, env: { PATH: process.env["PATH"], HOME: folder } });
  await terminal.until(/● busy/);
  terminal.type("x");
  await terminal.until(/and the job on it\?/);
  terminal.type("y\u0003");
  await terminal.until(/Waiting for: ending gpu-/);
  expect(terminal.screen.buffer.active.type).toBe("normal");
  terminal.type("\u0003");
  const end = await terminal.ended;
  expect(end.settingsAfter).toBe(end.settingsBefore);
  expect(terminal.text()).toMatch(/reported: /);
});
