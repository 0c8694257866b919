// The GPUs that Modal has, and how one or several are written: `T4`, `h100:2`, `A100-80GB`.
import { suggestion } from "./nearest.ts";

/** Modal's own names (https://modal.com/docs/guide/gpu). */
export const gpuNames = [
  "T4",
  "L4",
  "A10",
  "L40S",
  "A100",
  "A100-40GB",
  "A100-80GB",
  "RTX-PRO-6000",
  "H100",
  "H100!",
  "H200",
  "B200",
  "B200+",
  "B300",
] as const;

export type GpuName = (typeof gpuNames)[number];

export interface Gpu {
  name: GpuName;
  count: number;
}

/** What parseGpu accepts at most, for editors. */
export const gpuPattern = "^[A-Za-z0-9-]+[!+]?(:[1-8])?$";

/** How many of them one Sandbox can have (https://modal.com/docs/guide/gpu). */
function mostOf(name: GpuName): number {
  return name === "A10" ? 4 : 8;
}

/** Modal's spelling of a GPU's name, whatever the case; undefined for one that Modal does not have. */
export function findGpu(text: string): GpuName | undefined {
  return gpuNames.find((name) => name.toLowerCase() === text.toLowerCase());
}

/** Says of a name that is no GPU's which one was probably meant. */
export function unknownGpu(text: string): string {
  return `Modal has no GPU "${text}"${suggestion(text, gpuNames)}; there are ${gpuNames.join(", ")}`;
}

/** Reads `name` or `name:count`; else says what is wrong with it. */
export function parseGpu(text: string): Gpu | string {
  const match = /^([^:]*)(?::(.*))?$/s.exec(text);
  const name = findGpu(match?.[1] ?? "");
  if (name === undefined) return unknownGpu(match?.[1] ?? text);
  if (match?.[2] === undefined) return { name, count: 1 };
  const most = mostOf(name);
  const count = /^\d{1,3}$/.test(match[2]) ? Number(match[2]) : 0;
  if (count >= 1 && count <= most) return { name, count };
  return `a Sandbox has 1 to ${most} of the ${name}; write ${name}:${most} or less`;
}

/** As Modal takes it: `H100`, `H100:2`. */
export function writeGpu({ name, count }: Gpu): string {
  return count === 1 ? name : `${name}:${count}`;
}
