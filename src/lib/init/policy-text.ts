// The first policy of a fleet, as a file for people to go on with.
import { stringify } from "yaml";
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import { gpuNames, parseGpu, writeGpu } from "../policy/gpu.ts";

export interface PolicyWish {
  fleet: string;
  owner: string;
  scope: "organization" | "repository";
  /** `owner/name`, with * allowed. */
  repositories: readonly string[];
  /** `cpu`, `docker`, or a GPU of Modal's: `H100`, `a100-80gb:2`. */
  pools: readonly string[];
}

const imageWithDocker = "modal-gha-docker";

/** The text of a policy file; it has no faults if the owner's login and the patterns have none. @throws AbortError (usage) */
export function policyText({ fleet, owner, scope, repositories, pools }: PolicyWish): string {
  const list = (values: readonly string[]) => `[${values.map((value) => JSON.stringify(value)).join(", ")}]`;
  const written = [...new Set(pools.map((pool) => pool.toLowerCase()))].map(poolText);
  return `# What runs where, for whom, and how much of it at most. Check it: modal-gha config validate
fleet: ${stringify(fleet).trim()}
github:
  owner: ${stringify(owner).trim()}
  scope: ${scope}
access:
  repositories: ${list(repositories)}
  fork-pull-requests: deny
limits:
  max-runners: 50
pools:
${written.join("")}`;
}

function poolText(pool: string): string {
  if (pool === "cpu") {
    return `  - name: cpu
    labels: [modal] # runs-on: [self-hosted, modal]
    cpu: 2 # physical cores
    memory: 8GiB
    timeout: 2h
    resources: # what a job's label may ask for: modal/cpu=8/memory=32g
      max-cpu: 16
      max-memory: 64GiB
`;
  }
  if (pool === "docker") {
    return `  - name: docker
    labels: [modal-docker] # runs-on: [self-hosted, modal-docker]
    docker: true
    image: ${imageWithDocker}
    cpu: 2
    memory: 8GiB
    timeout: 2h
`;
  }
  const gpu = parseGpu(pool);
  if (typeof gpu === "string") {
    throw new AbortError(`There is no pool "${pool}" to be made.`, {
      code: "usage",
      exitCode: ExitCode.Usage,
      why: `A pool is cpu, docker, or one of Modal's GPUs: ${gpuNames.join(", ")}; several of them as H100:2.`,
      nextSteps: ["modal-gha init --pool cpu --pool T4"],
    });
  }
  const name = `gpu-${writeGpu(gpu).toLowerCase().replace("!", "-only").replace("+", "-plus").replace(":", "-x")}`;
  return `  - name: ${name}
    labels: [${name}] # runs-on: [self-hosted, ${name}]
    gpu: ${JSON.stringify(writeGpu(gpu))}
    cpu: 4
    memory: 32GiB
    timeout: 6h
    max-runners: 10
`;
}

/** A name for the fleet of an owner, as the policy wants it. */
export function fleetNameFor(owner: string): string {
  return owner.toLowerCase().slice(0, 24).replace(/-+$/, "");
}
