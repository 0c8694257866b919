// A terminal's screen as a picture: SVG, so that it is sharp at any size and small in the repository.
import type { IBufferCell, Terminal as Screen } from "@xterm/headless";

/** Measures of one character, in pixels. */
const cell = { width: 8.4, height: 18, fontSize: 14 };
const padding = 14;
const bar = 34;

const theme = {
  background: "#11161d",
  frame: "#0b0f14",
  foreground: "#c8d0da",
  /** The sixteen colours that a terminal's user chooses; black to white, then the bright ones. */
  ansi: [
    "#3a4452",
    "#ff7b72",
    "#7ee787",
    "#e3b341",
    "#79b8ff",
    "#d2a8ff",
    "#56d4dd",
    "#c8d0da",
    "#5c6773",
    "#ff9d96",
    "#a5f0ab",
    "#f0cd6b",
    "#a5d1ff",
    "#e2c5ff",
    "#8ae9ef",
    "#ffffff",
  ],
};

interface Run {
  column: number;
  columns: number;
  text: string;
  colour: string;
  fill: string | undefined;
  isBold: boolean;
  isDim: boolean;
}

/** @param title what the window's bar says */
export function screenSvg(screen: Screen, title: string): string {
  const width = screen.cols * cell.width + padding * 2;
  const height = screen.rows * cell.height + padding * 2 + bar;
  const lines = Array.from({ length: screen.rows }, (_, row) => lineSvg(runsOf(screen, row), row));
  const lights = ["#ff5f57", "#febc2e", "#28c840"].map(
    (colour, index) => `<circle cx="${20 + index * 20}" cy="17" r="6" fill="${colour}"/>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${round(width)} ${round(height)}" width="${round(width)}" height="${round(height)}" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace" font-size="${cell.fontSize}">
<title>${xml(title)}</title>
<rect width="100%" height="100%" rx="10" fill="${theme.frame}"/>
<path d="M0 ${bar}H${round(width)}V${round(height - 10)}a10 10 0 0 1-10 10H10a10 10 0 0 1-10-10Z" fill="${theme.background}"/>
${lights.join("")}
<text x="${round(width / 2)}" y="22" text-anchor="middle" fill="${theme.ansi[8]}" font-size="13">${xml(title)}</text>
<g>
${lines.filter((line) => line !== "").join("\n")}
</g>
</svg>
`;
}

/** Characters beside each other that look the same. */
function runsOf(screen: Screen, row: number): Run[] {
  const line = screen.buffer.active.getLine(screen.buffer.active.viewportY + row);
  const runs: Run[] = [];
  for (let column = 0; column < screen.cols; column++) {
    const each = line?.getCell(column);
    if (!each || each.getWidth() === 0) continue;
    const next = runOf(each, column);
    const last = runs.at(-1);
    if (last && isAlike(last, next)) {
      last.text += next.text;
      last.columns += next.columns;
    } else runs.push(next);
  }
  return runs;
}

function runOf(each: IBufferCell, column: number): Run {
  const foreground = colourOf(each.isFgDefault(), each.isFgRGB(), each.getFgColor()) ?? theme.foreground;
  const background = colourOf(each.isBgDefault(), each.isBgRGB(), each.getBgColor());
  const isInverse = each.isInverse() !== 0;
  return {
    column,
    columns: each.getWidth(),
    text: each.getChars() || " ",
    colour: isInverse ? (background ?? theme.background) : foreground,
    fill: isInverse ? foreground : background,
    isBold: each.isBold() !== 0,
    isDim: each.isDim() !== 0,
  };
}

function colourOf(isDefault: boolean, isRgb: boolean, value: number): string | undefined {
  if (isDefault) return undefined;
  return isRgb ? `#${value.toString(16).padStart(6, "0")}` : (theme.ansi[value] ?? theme.foreground);
}

const looks = ["colour", "fill", "isBold", "isDim"] as const;

function isAlike(a: Run, b: Run): boolean {
  return looks.every((name) => a[name] === b[name]);
}

function lineSvg(runs: readonly Run[], row: number): string {
  const top = bar + padding + row * cell.height;
  return runs
    .map((run) => {
      const x = round(padding + run.column * cell.width);
      const width = round(run.columns * cell.width);
      const size = `y="${top}" width="${width}" height="${cell.height}"`;
      const rect = run.fill ? `<rect x="${x}" ${size} fill="${run.fill}"/>` : "";
      return rect + wordsSvg(run, top);
    })
    .join("");
}

/** Words with but one blank between them are drawn as one: viewers do not agree on what several blanks are. */
function wordsSvg({ column, text, colour, isBold, isDim }: Run, top: number): string {
  const looks = `fill="${colour}"${isBold ? ' font-weight="600"' : ""}${isDim ? ' opacity="0.55"' : ""}`;
  return [...text.matchAll(/\S+(?: \S+)*/g)]
    .map(({ 0: words, index }) => {
      const x = round(padding + (column + index) * cell.width);
      // The length is given, so that columns stand under each other whatever the font.
      const length = `textLength="${round(words.length * cell.width)}" lengthAdjust="spacingAndGlyphs"`;
      return `<text x="${x}" y="${top + 13.5}" ${length} ${looks}>${xml(words)}</text>`;
    })
    .join("");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function xml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
