// Durations as people read them.

const units = [
  { name: "d", ms: 86_400_000 },
  { name: "h", ms: 3_600_000 },
  { name: "m", ms: 60_000 },
  { name: "s", ms: 1000 },
] as const;

/**
 * A duration in its two largest units, `2h 5m`, `48s`, `3d 4h`; below a second in milliseconds. Cut, not rounded, so that
 * `59s` never reads `60s`.
 * @param ms milliseconds; negative ones (clocks that differ) count as 0.
 */
export function formatDuration(ms: number): string {
  if (!(ms >= 1)) return "0s";
  if (ms < 1000) return `${Math.floor(ms)}ms`;
  const first = units.findIndex((unit) => ms >= unit.ms);
  const large = units[first]!;
  const small = units[first + 1];
  const count = Math.floor(ms / large.ms);
  const rest = small === undefined ? 0 : Math.floor((ms % large.ms) / small.ms);
  return small === undefined || rest === 0 ? `${count}${large.name}` : `${count}${large.name} ${rest}${small.name}`;
}
