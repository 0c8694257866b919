// Makes the README's pictures of the dashboard: a fleet runs on this machine, the built program shows it on a real
// terminal, and what is on that terminal becomes an SVG. `npm run screenshots [-- <folder>]`
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
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

const down = "\u001B[B";
const enter = "\r";
const esc = "\u001B";

const scenes: readonly Scene[] = [
  {
    name: "runners",
    columns: 120,
    rows: 40,
    steps: [
      ["", /running.*queued/s],
      ["o", /by state/],
    ],
  },
  {
    name: "jobs",
    columns: 120,
    rows: 40,
    steps: [["2", /no-pool-ma/]],
  },
  {
    name: "explain",
    columns: 200,
    rows: 60,
    steps: [
      ["2", /pool-at-cap/],
      ["/capacity\r", /1\/1/],
      [enter, /What will happen/],
      ["/", /Filter/],
      [`\u0015${enter}`, /unit/],
    ],
  },
  {
    name: "logs",
    columns: 120,
    rows: 40,
    steps: [
      ["2", /train/],
      ["/running train\r", /\/running train/],
      ["l", /epoch +\d+\/900/],
      ["", /( epoch.*\n){12}/],
    ],
  },
  {
    name: "usage",
    columns: 120,
    rows: 40,
    steps: [
      ["4", /Cost over/],
      ["u", /by pool/],
    ],
  },
  { name: "deliveries", columns: 120, rows: 40, steps: [["3", /workflow_job/]] },
  { name: "help", columns: 120, rows: 40, steps: [["?", /Move/]] },
  { name: "runners-80x24", columns: 80, rows: 24, steps: [["", /busy/]] },
  {
    name: "kill-80x24",
    columns: 80,
    rows: 24,
    steps: [
      ["", /busy/],
      ["/h100\r", /1\/3/],
      ["x", /End gpu/],
    ],
  },
  {
    name: "detail-80x24",
    columns: 80,
    rows: 24,
    steps: [
      ["2", /capacity/],
      ["/capacity\r", /1\/1/],
      [enter, /What/],
    ],
  },
  { name: "read-only-80x24", columns: 80, rows: 24, options: ["--read-only"], steps: [["", /read-only.*busy/s]] },
  {
    name: "runners-200x60",
    columns: 200,
    rows: 60,
    steps: [
      ["", /busy/],
      [down, /busy/],
      [enter, /What happened/],
    ],
  },
];

const root = join(import.meta.dirname, "..");
const program = [join(root, "node_modules", ".bin", "node"), join(root, "bin", "run.js")];
const folder = process.argv[2] ?? join(root, "docs", "screens");

interface Dev {
  githubUrl: string;
  env: Record<string, string>;
  end(): Promise<void>;
}

async function startDev(): Promise<Dev> {
  const [command = "", ...first] = program;
  const files = [
    join(import.meta.dirname, "screens", "vision"),
    "--policy",
    join(import.meta.dirname, "screens", "policy.yaml"),
  ];
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
    env: { PATH, HOME: folder, ...dev.env },
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
  await terminal.until((text) => !/Asking|^ …/m.test(text) && /today/.test(text));
}

mkdirSync(folder, { recursive: true });
const dev = await startDev();
try {
  await dispatch(dev, "train.yml");
  await dispatch(dev, "ci.yml");
  for (const scene of scenes) await play(dev, scene);
} finally {
  await dev.end();
}
