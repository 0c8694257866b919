// Numbers as people read them: money and sizes.

/** Made once for each number of digits: to make one takes longer than to format a thousand numbers. */
const formats = new Map(
  [0, 2, 4].map((digits) => [
    digits,
    new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }),
  ]),
);

/** Dollars, always an estimate here: `$0.0042`, `$0.31`, `$12.40`, `$1,204`. */
export function formatDollars(dollars: number): string {
  if (dollars === 0) return "$0";
  const digits = dollars < 0.01 ? 4 : dollars < 1000 ? 2 : 0;
  return `$${formats.get(digits)?.format(dollars)}`;
}

/** What a runner has, in one short word group: `2 cpu 4g`, `8 cpu 64g H100:2`. */
export function formatResources(resources: { cpu: number; memoryMiB: number; gpu: string | null }): string {
  const { cpu, memoryMiB, gpu } = resources;
  const memory = memoryMiB % 1024 === 0 ? `${memoryMiB / 1024}g` : `${memoryMiB}m`;
  return [`${cpu} cpu`, memory, gpu].filter(Boolean).join(" ");
}
