// The terminal that tests drive programs on: what it shows, it shows whole.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openTerminal } from "../../scripts/terminal.ts";
import { until } from "./cli.ts";

function runs(script: string) {
  return openTerminal({ command: ["/bin/sh", "-c", script], env: { PATH: process.env["PATH"] } });
}

it("shows no frame of which a part is still to come", async () => {
  const folder = mkdtempSync(join(tmpdir(), "driven-terminal-"));
  const rest = join(folder, "rest");
  const terminal = runs(
    `printf '\\033[?2026hone '; until [ -e ${rest} ]; do sleep 0.05; done; printf 'two\\033[?2026l'`,
  );
  const shown = terminal.until(/one/);
  await until("the first half", () => terminal.text().includes("one"));
  writeFileSync(rest, "");
  expect(await shown).toMatch(/^one two/);
  await terminal.ended;
  rmSync(folder, { recursive: true });
});

it("has everything on its screen once the program has ended", async () => {
  const folder = mkdtempSync(join(tmpdir(), "driven-terminal-"));
  const note = join(folder, "over");
  const terminal = runs(`echo the last line; trap 'touch ${note}' EXIT`);
  // Nothing is read before all is there, as when the machine is busy.
  spawnSync("/bin/sh", ["-c", `until [ -e ${note} ]; do sleep 0.05; done`]);
  await terminal.ended;
  expect(terminal.text()).toContain("the last line");
  rmSync(folder, { recursive: true });
});
