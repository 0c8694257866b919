// Makes the README's pictures of the dashboard: a fleet runs on this machine, the built program shows it on a real
// terminal, and what is on that terminal becomes an SVG. `npm run screenshots`, and with `-- --all <folder>` pictures of
// everything at 80x24, 120x40 and 200x60, for whoever changes how something looks.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { buildPrograms } from "../test/bench/programs.ts";
import { screenSvg } from "./screen-svg.ts";
import { type Line, type LocalFleet, openLine, program, startFleet, workingFolder } from "./screenshots/local-fleet.ts";
import { everything, type Scene, type Service, shown } from "./screenshots/scenes.ts";
import { type DrivenTerminal, openTerminal } from "./terminal.ts";

const isAll = process.argv[2] === "--all";
const folder = isAll ? (process.argv[3] ?? "screens") : join(import.meta.dirname, "..", "docs", "screens");

const addressOf: Record<Service, string> = { GitHub: "GITHUB_API_URL", Modal: "MODAL_SERVER_URL" };

/** Where a dashboard looks, and the line that is cut while it does. */
interface Sight {
  command: readonly string[];
  env: Readonly<Record<string, string>>;
  line?: Line;
}

/** @param of what the fleet is that is looked at */
async function lookAt(of: LocalFleet, { outage, options = [] }: Scene): Promise<Sight> {
  const command = [...program, "dashboard", "--refresh", "1s", ...options];
  const env = { ...of.env, MODAL_GHA_POLICY: "modal-gha.yaml" };
  if (!outage) return { command, env };
  const variable = addressOf[outage.of];
  const line = await openLine(of.env[variable] ?? "");
  return { command, env: { ...env, [variable]: line.url }, line };
}

async function play({ name, columns, rows, steps, outage }: Scene, { command, env, line }: Sight): Promise<void> {
  const { PATH } = process.env;
  const terminal = openTerminal({ command, env: { PATH, HOME: home, ...env }, cwd: workingFolder, columns, rows });
  try {
    for (const [keys, until] of steps) {
      if (keys !== "") terminal.type(keys);
      await terminal.until(until);
    }
    await settled(terminal);
    line?.cut();
    if (outage) await terminal.until(outage.until);
    await still(terminal);
    const title = `modal-gha dashboard ${columns}×${rows}`;
    writeFileSync(join(folder, `${name}.svg`), screenSvg(terminal.screen, title));
    process.stdout.write(`${name}.svg\n`);
  } finally {
    terminal.type("\u001B\u0003");
    terminal.kill();
    line?.cut();
  }
}

/** Waits until everything that is asked for has come once. */
async function settled(terminal: DrivenTerminal): Promise<void> {
  await terminal.until((text) => !text.includes("Asking") && /today/.test(text));
}

/** Waits until a frame is whole: nothing is written for a moment. */
async function still(terminal: DrivenTerminal): Promise<void> {
  let written: number;
  do {
    written = terminal.output().length;
    await delay(150);
  } while (terminal.output().length > written);
}

async function playAll(scenes: readonly Scene[]): Promise<void> {
  if (scenes.some((scene) => scene.fleet === "large")) {
    const { dashboard } = await buildPrograms();
    for (const scene of scenes) if (scene.fleet === "large") await play(scene, { command: dashboard, env: {} });
  }
  const fleet = await startFleet();
  try {
    for (const scene of scenes) if (scene.fleet === "empty") await play(scene, await lookAt(fleet, scene));
    await fleet.dispatch("train.yml");
    await fleet.dispatch("ci.yml");
    for (const scene of scenes) if (scene.fleet === undefined) await play(scene, await lookAt(fleet, scene));
  } finally {
    await fleet.end();
  }
}

mkdirSync(folder, { recursive: true });
const home = mkdtempSync(join(tmpdir(), "screenshots-"));
try {
  await playAll(isAll ? everything : shown);
} finally {
  rmSync(home, { recursive: true, force: true });
}
