// Durations and memory sizes as people write them in the policy file and in labels: `90m`, `2h`, `32GiB`, `512MiB`.

/** What parseDuration accepts, for editors. */
export const durationPattern = "^(\\d+(\\.\\d+)?[smhd])+$";
/** What parseMemory accepts, for editors. */
export const memoryPattern = "^\\d+(\\.\\d+)?[mMgG]([iI]?[bB]|[iI])?$";

const durationUnits: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Whole seconds of `45s`, `90m`, `2h`, `1h30m` or `1d`; undefined when the text is none of these. */
export function parseDuration(text: string): number | undefined {
  if (!new RegExp(durationPattern).test(text)) return undefined;
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)([smhd])/g)) {
    seconds += Number(amount) * (durationUnits[unit as string] as number);
  }
  return safeInteger(seconds);
}

/** MiB of `512MiB`, `32GiB`, `32g`; decimal and binary units are taken alike, as Modal counts in MiB. Undefined for anything else. */
export function parseMemory(text: string): number | undefined {
  if (!new RegExp(memoryPattern).test(text)) return undefined;
  const [, amount, unit] = /^([\d.]+)(.)/.exec(text.toLowerCase()) as RegExpExecArray;
  return safeInteger(Number(amount) * (unit === "g" ? 1024 : 1));
}

/** Seconds as the policy file has them: `45s`, `1h30m`. */
export function writeDuration(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 3600), "h"],
    [Math.floor((seconds % 3600) / 60), "m"],
    [seconds % 60, "s"],
  ] as const;
  return parts.flatMap(([amount, unit]) => (amount > 0 ? `${amount}${unit}` : [])).join("") || "0s";
}

/** MiB as the policy file has them: `32GiB`, `1536MiB`. */
export function writeMemory(mebibytes: number): string {
  return mebibytes % 1024 === 0 ? `${mebibytes / 1024}GiB` : `${mebibytes}MiB`;
}

function safeInteger(value: number): number | undefined {
  const rounded = Math.round(value);
  return Number.isSafeInteger(rounded) ? rounded : undefined;
}
