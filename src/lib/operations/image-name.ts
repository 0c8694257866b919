// Which image is meant: the names that the policy's pools start from, and what they ask of it.
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import type { Policy } from "../policy/schema.ts";

export interface PolicyImage {
  /** As the policy has it, `name[:tag]`. */
  name: string;
  /** Pools that start from it. */
  pools: string[];
  /** One of them has Docker inside. */
  needsDocker: boolean;
}

/** Every image that pools start from, in the order of the pools. */
export function policyImages(policy: Policy): PolicyImage[] {
  const images = new Map<string, PolicyImage>();
  for (const pool of policy.pools) {
    const name = pool.image ?? policy.image;
    const image = images.get(name) ?? { name, pools: [], needsDocker: false };
    image.pools.push(pool.name);
    image.needsDocker ||= pool.runtime === "vm";
    images.set(name, image);
  }
  return [...images.values()];
}

/**
 * The image to build.
 * @param name `--name`; without one, the policy's only one
 * @throws AbortError (usage) when the policy has several
 */
export function chooseImage(policy: Policy, name: string | undefined): PolicyImage {
  const images = policyImages(policy);
  if (name !== undefined) {
    return images.find((image) => image.name === name) ?? { name, pools: [], needsDocker: false };
  }
  if (images.length === 1) return images[0]!;
  throw new AbortError("The policy names several images; say which one to build.", {
    code: "usage",
    exitCode: ExitCode.Usage,
    why: images.map((image) => `${image.name}: ${image.pools.join(", ")}`).join("; "),
    nextSteps: images.map((image) => {
      return `modal-gha image build --name ${image.name}${image.needsDocker ? " --docker" : ""}`;
    }),
  });
}
