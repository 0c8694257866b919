// Small pictures of numbers, made of characters: bars, and columns over time.

/** Eighths of a column, so that a short bar still tells its length. */
const eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
const levels = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/** A bar of at most so many columns. @param share 0 to 1 */
export function bar(share: number, columns: number): string {
  const units = Math.round(Math.min(1, Math.max(0, share)) * columns * 8);
  return "█".repeat(Math.floor(units / 8)) + (eighths[units % 8] ?? "");
}

/** Values as columns of so many lines' height, the highest filling it; the top line first. Whatever is above zero shows. */
export function columnChart(values: readonly number[], lines: number): string[] {
  const most = Math.max(...values, 0);
  const heights = values.map((value) =>
    most === 0 || value <= 0 ? 0 : Math.max(1, Math.round((value / most) * lines * 8)),
  );
  return Array.from({ length: lines }, (_, line) => {
    const below = (lines - 1 - line) * 8;
    return heights.map((height) => levels[Math.min(8, Math.max(0, height - below))] ?? " ").join("");
  });
}
