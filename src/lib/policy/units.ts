// Durations and memory sizes as people write them in the policy file and in labels: `90m`, `2h`, `32GiB`, `512MiB`.

const durationUnits: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };
const memoryUnits: Record<string, number> = { m: 1, mb: 1, mi: 1, mib: 1, g: 1024, gb: 1024, gi: 1024, gib: 1024 };

/** Seconds of `45s`, `90m`, `2h`, `1h30m` or `1d`; undefined when the text is none of these. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?[smhd])+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)([smhd])/g)) {
    seconds += Number(amount) * (durationUnits[unit as string] as number);
  }
  return seconds;
}

/** MiB of `512MiB`, `32GiB`, `32g`; decimal and binary units are taken alike, as Modal counts in MiB. Undefined for anything else. */
export function parseMemory(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([a-z]+)$/.exec(text.toLowerCase());
  const unit = match?.[2] === undefined ? undefined : memoryUnits[match[2]];
  return match && unit !== undefined ? Math.round(Number(match[1]) * unit) : undefined;
}
