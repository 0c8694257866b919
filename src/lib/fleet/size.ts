// What a Sandbox was started with, as its tags say: the policy may have changed since, or have its pool no more.
import { resourcesOf } from "../policy/match.ts";
import type { Resources } from "../policy/resource-label.ts";
import type { Policy } from "../policy/schema.ts";

export type Size = Pick<Resources, "cpu" | "memoryMiB" | "gpu">;

/** As a tag's value: `2/4096`, or `8/32768/H100:2`; cores, MiB and GPUs. */
export function writeSize({ cpu, memoryMiB, gpu }: Size): string {
  return [cpu, memoryMiB, ...(gpu === undefined ? [] : [gpu])].join("/");
}

/** Undefined for anything that writeSize does not write. */
export function readSize(text: string | undefined): Size | undefined {
  const [cpu, memoryMiB, gpu] = text?.split("/") ?? [];
  const size = { cpu: Number(cpu), memoryMiB: Number(memoryMiB), gpu };
  return size.cpu > 0 && size.memoryMiB > 0 ? size : undefined;
}

/** What a Sandbox has; undefined where its tags do not say it and the policy has its pool no more. */
export function sizeOf(
  { size, pool, resourceLabel }: { size?: Size; pool: string; resourceLabel: string },
  { pools }: Pick<Policy, "pools">,
): Size | undefined {
  const found = pools.find(({ name }) => name === pool);
  return size ?? (found && resourcesOf(found, resourceLabel));
}
