import { describe, expect, it } from "vitest";
import { fleetNameFor, policyText } from "../../../src/lib/init/policy-text.ts";
import { sampleWorkflow } from "../../../src/lib/init/workflow-step.ts";
import { gpuNames } from "../../../src/lib/policy/gpu.ts";
import { resolveJob } from "../../../src/lib/policy/match.ts";
import { checkPolicy } from "../../../src/lib/policy/parse.ts";

const wish = { fleet: "acme", owner: "acme", scope: "organization", repositories: ["acme/*"] } as const;

describe("the first policy", () => {
  it("is sound with every pool that can be asked for, and has no warnings but of prices", () => {
    const text = policyText({ ...wish, pools: ["cpu", "docker", ...gpuNames, "H100:2", "a10:4"] });
    const { policy, warnings } = checkPolicy(text);
    expect(policy.pools).toHaveLength(gpuNames.length + 4);
    expect(warnings.filter(({ message }) => !message.includes("price"))).toEqual([]);
    for (const pool of policy.pools) {
      expect(resolveJob(policy, ["self-hosted", ...pool.labels])).toMatchObject({ pool: { name: pool.name } });
    }
    expect(policy).toMatchObject({
      fleet: "acme",
      github: { owner: "acme", scope: "organization" },
      access: { repositories: ["acme/*"], forkPullRequests: "deny" },
    });
  });

  it("takes a pool once, in any case, and refuses what there is not", () => {
    expect(checkPolicy(policyText({ ...wish, pools: ["CPU", "cpu", "t4", "T4"] })).policy.pools).toHaveLength(2);
    expect(() => policyText({ ...wish, pools: ["tpu"] })).toThrow('There is no pool "tpu" to be made.');
  });

  it("names a fleet after any owner", () => {
    for (const owner of ["Acme", "a-very-long-name-for-an-x-organisation", "0x"]) {
      const fleet = fleetNameFor(owner);
      expect(checkPolicy(policyText({ ...wish, owner, fleet, pools: ["cpu"] })).policy.fleet).toBe(fleet);
    }
  });

  it("comes with a workflow that asks for each of its pools", () => {
    const { policy } = checkPolicy(policyText({ ...wish, pools: ["cpu", "docker", "L4"] }));
    expect(sampleWorkflow(policy)).toMatch(
      /"modal"\][\s\S]*nproc[\s\S]*"modal-docker"\][\s\S]*docker run[\s\S]*"gpu-l4"\][\s\S]*nvidia-smi/,
    );
  });
});
