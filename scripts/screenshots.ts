// Makes the README's pictures of the dashboard: a fleet runs on this machine, the built program shows it on a real
// terminal, and what is on that terminal becomes an SVG. `npm run screenshots`, and with `-- --all <folder>` pictures of
// every view at 80x24, 120x40 and 200x60, for whoever changes how something looks.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { screenSvg } from "./screen-svg.ts";
import { type DrivenTerminal, openTerminal } from "./terminal.ts";

interface Scene {
  name: string;
  columns: number;
  rows: number;
  /** What is typed, and what the screen has to show before it goes on. */
  steps: readonly (readonly [keys: string, until: RegExp])[];
  options?: readonly string[];
}

const enter = "\r";
const esc = "\u001B";

/** Those that the README shows. */
const shown: readonly Scene[] = [
  { name: "jobs", columns: 150, rows: 20, steps: [["2", /no-pool-matches[\s\S]*failure[\s\S]*success/]] },
  {
    name: "explain",
    columns: 160,
    rows: 46,
    steps: [
      ["2", /pool-at-cap/],
      ["/capacity\r", /1\/1/],
      [enter, /What will happen/],
      [`/\u0015${enter}`, /unit/],
    ],
  },
  {
    name: "logs",
    columns: 120,
    rows: 24,
    steps: [
      ["2", /train/],
      ["/running train\r", /\/running train/],
      ["l", /epoch +\d+\/900/],
      ["", /( epoch.*\n){6}/],
    ],
  },
];

const sizes = [
  [80, 24],
  [120, 40],
  [200, 60],
] as const;

const everything: readonly Scene[] = sizes.flatMap(([columns, rows]) => {
  const scene = (name: string, ...steps: Scene["steps"]): Scene => ({
    name: `${name}-${columns}x${rows}`,
    columns,
    rows,
    steps,
  });
  return [
    scene("runners", ["o", /by state/]),
    scene("filter", ["/h100", /Filter: h100/]),
    scene("jobs", ["2", /pool-at-cap/]),
    scene("detail", ["2", /pool-at-cap/], ["/capacity\r", /1\/1/], [enter, /What happened/]),
    scene("deliveries", ["3", /workflow_job/]),
    scene("usage", ["4", /RUNNERS|MINUTES/], ["u", /by pool/]),
    scene("logs", ["2", /train/], ["/running train\r", /\/running train/], ["l", /epoch +\d+\/900/]),
    scene("kill", ["", /busy/], ["/h100\r", /1\/3/], ["x", /End gpu/]),
    scene("help", ["?", /Next row/]),
    { ...scene("read-only", ["", /read-only[\s\S]*busy/]), options: ["--read-only"] },
  ];
});

const root = join(import.meta.dirname, "..");
const program = [join(root, "node_modules", ".bin", "node"), join(root, "bin", "run.js")];
const isAll = process.argv[2] === "--all";
const folder = isAll ? (process.argv[3] ?? "screens") : join(root, "docs", "screens");
/** Has the policy under its usual name, so that what is shown names no folder of this machine. */
const workingFolder = join(import.meta.dirname, "screens");

interface Dev {
  githubUrl: string;
  env: Record<string, string>;
  end(): Promise<void>;
}

async function startDev(): Promise<Dev> {
  const [command = "", ...first] = program;
  const files = [join(workingFolder, "vision"), "--policy", join(workingFolder, "modal-gha.yaml")];
  const child = spawn(command, [...first, "dev", "--json", ...files], { stdio: ["ignore", "pipe", "ignore"] });
  let line = "";
  for await (const chunk of child.stdout.setEncoding("utf8")) {
    line += chunk;
    if (line.includes("\n")) break;
  }
  const { githubUrl, env } = JSON.parse(line) as { githubUrl: string; env: Record<string, string> };
  return {
    githubUrl,
    env,
    async end() {
      child.kill("SIGINT");
      await once(child, "close");
    },
  };
}

async function dispatch({ githubUrl, env }: Dev, workflow: string): Promise<void> {
  const url = `${githubUrl}/repos/acme/vision/actions/workflows/${workflow}/dispatches`;
  const headers = { authorization: `Bearer ${env["GITHUB_TOKEN"]}` };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify({ ref: "main" }) });
  if (!answer.ok) throw new Error(`${workflow} was not started: ${answer.status} ${await answer.text()}`);
}

async function play(dev: Dev, { name, columns, rows, steps, options = [] }: Scene): Promise<void> {
  const { PATH } = process.env;
  const terminal = openTerminal({
    command: [...program, "dashboard", "--refresh", "1s", ...options],
    env: { PATH, HOME: home, ...dev.env, MODAL_GHA_POLICY: "modal-gha.yaml" },
    cwd: workingFolder,
    columns,
    rows,
  });
  try {
    for (const [keys, until] of steps) {
      if (keys !== "") terminal.type(keys);
      await terminal.until(until);
    }
    await settled(terminal);
    const title = `modal-gha dashboard ${columns}×${rows}`;
    writeFileSync(join(folder, `${name}.svg`), screenSvg(terminal.screen, title));
    process.stdout.write(`${name}.svg\n`);
  } finally {
    terminal.type(`${esc}\u0003`);
    terminal.kill();
  }
}

/** Waits until everything that is asked for has come once. */
async function settled(terminal: DrivenTerminal): Promise<void> {
  await terminal.until((text) => !text.includes("Asking") && /today/.test(text));
}

mkdirSync(folder, { recursive: true });
const home = mkdtempSync(join(tmpdir(), "screenshots-"));
const dev = await startDev();
try {
  await dispatch(dev, "train.yml");
  await dispatch(dev, "ci.yml");
  for (const scene of isAll ? everything : shown) await play(dev, scene);
} finally {
  await dev.end();
  rmSync(home, { recursive: true, force: true });
}
