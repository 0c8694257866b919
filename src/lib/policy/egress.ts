// Where a runner may connect to: domains and address ranges as Modal's allow-lists take them, and what a runner needs.
// Modal lets TLS on port 443 through to the domains, anything to the ranges (https://modal.com/docs/guide/sandbox-networking).
import { z } from "zod";

/**
 * What a runner on github.com connects to, by purpose
 * (https://docs.github.com/en/actions/reference/runners/self-hosted-runners#accessible-domains-by-function).
 */
export const githubDomains: readonly { domain: string; purpose: string }[] = [
  { domain: "github.com", purpose: "to run at all" },
  { domain: "api.github.com", purpose: "to run at all" },
  { domain: "*.actions.githubusercontent.com", purpose: "to run at all" },
  { domain: "codeload.github.com", purpose: "to download actions" },
  { domain: "*.blob.core.windows.net", purpose: "for logs, artifacts and caches" },
];

export interface Egress {
  domains: string[];
  cidrs: string[];
}

const part = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
const domainExpression = new RegExp(`^(\\*\\.)?(${part}\\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$`);

/** What is wrong with an entry of `domains`, and its mend; undefined if nothing is. */
export function domainFault(text: string): string | undefined {
  const lower = text.toLowerCase();
  if (domainExpression.test(lower) && lower.length <= 253) return undefined;
  if (text === "*") return "this allows everything; leave out egress instead";
  if (z.ipv4().safeParse(text).success) return `this is an address; write ${text}/32 under cidrs`;
  if (cidrFault(text) === undefined) return "this is an address range; write it under cidrs";
  const host = /^(?:[a-z]+:\/\/)?([^/:?#]+)/.exec(lower)?.[1];
  if (host !== undefined && host !== lower && domainExpression.test(host)) {
    return `write the domain alone: ${host} (TLS on port 443 is let through)`;
  }
  return "write a domain such as example.org or *.example.net";
}

/** What is wrong with an entry of `cidrs`, and its mend; undefined if nothing is. */
export function cidrFault(text: string): string | undefined {
  if (z.cidrv6().safeParse(text).success) return undefined;
  if (z.ipv4().safeParse(text).success) return `write the range of this one address: ${text}/32`;
  if (!z.cidrv4().safeParse(text).success) return "write an address range such as 10.0.0.0/8";
  const network = networkOf(text);
  return network === text ? undefined : `the address is not the range's first; write ${network}`;
}

function networkOf(cidr: string): string {
  const [address = "", prefix = ""] = cidr.split("/");
  const bits = address.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0);
  const size = 2 ** (32 - Number(prefix));
  const first = Math.floor(bits / size) * size;
  return `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join(".")}/${Number(prefix)}`;
}

/** The domains that a runner needs and an allow-list lacks. `*.x` stands for x itself, too. */
export function missingGitHubDomains({ domains, cidrs }: Egress): { domain: string; purpose: string }[] {
  if (cidrs.some((cidr) => cidr === "0.0.0.0/0")) return [];
  return githubDomains.filter(({ domain }) => !domains.some((pattern) => covers(pattern.toLowerCase(), domain)));
}

function covers(pattern: string, domain: string): boolean {
  if (pattern === domain) return true;
  if (!pattern.startsWith("*.")) return false;
  const apex = pattern.slice(2);
  const wanted = domain.startsWith("*.") ? domain.slice(2) : domain;
  return wanted === apex || wanted.endsWith(`.${apex}`);
}

/** Where a job that runs a stranger's code may connect to: what its pool allows; where that is everything, GitHub alone. */
export function isolatedEgress(egress: Egress | undefined): Egress {
  return egress ?? { domains: githubDomains.map(({ domain }) => domain), cidrs: [] };
}
