// The `controller:` block of the policy: how the controller is deployed. `modal-gha deploy` reads it; flags go before it.
import { z } from "zod";

/** Modal's names of regions are lower case: us, us-east, eu-west-1 (https://modal.com/docs/guide/region-selection). */
const regionPattern = /^[a-z]{2}(-[a-z0-9]+)*$/;
export const regionFault = "write one of Modal's regions, such as us, eu or us-east-1";
const domainPattern = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;
export const customDomainFault = "write the domain alone, in lower case, such as runners.example.org";
export const mostMinContainers = 5;

export function isRegion(text: string): boolean {
  return regionPattern.test(text);
}

export function isCustomDomain(text: string): boolean {
  return domainPattern.test(text);
}

export const controllerSchema = z
  .strictObject({
    "min-containers": z
      .number()
      .int("write a whole number")
      .min(0, "write 0 or more")
      .max(mostMinContainers, `write ${mostMinContainers} or less: one container hears hundreds of webhooks at a time`)
      .optional()
      .describe("Containers that are always there; 0 unless told, which starts one with the first request."),
    region: z.string().regex(regionPattern, regionFault).optional().describe("Where its containers run."),
    "custom-domain": z
      .string()
      .regex(domainPattern, customDomainFault)
      .optional()
      .describe("A domain of the workspace's own, in place of Modal's address; Modal's Team plan has them."),
  })
  .transform((written) => ({
    minContainers: written["min-containers"],
    region: written.region,
    customDomain: written["custom-domain"],
  }));
