// Options of the emulated GitHub.
import type { DeliverySeam } from "./deliveries.ts";
import type { Permissions } from "./model.ts";
import type { RateLimitOptions } from "./rate-limits.ts";
import type { PersonalRights } from "./tokens.ts";

export interface RepositoryOptions {
  name: string;
  /** Working tree on disk; its `.github/workflows` are read anew for each run. */
  directory: string;
  /** `main` when absent. */
  defaultBranch?: string;
  /** True when absent. */
  private?: boolean;
}

export interface GitHubEmulatorOptions {
  owner: string;
  /** Organization when absent. */
  ownerType?: "Organization" | "User";
  repositories: RepositoryOptions[];
  /** 0, any free one, when absent. */
  port?: number;
  /** The App that is there from the start, installed on all repositories. */
  app?: {
    id?: number;
    /** PEM. */
    privateKey?: string;
    webhookSecret?: string;
    /** No webhooks are sent before there is one. */
    webhookUrl?: string;
    /** What the installation may do, instead of all that a fleet of runners needs. */
    permissions?: Permissions;
  };
  /** What the personal access token may do; as a classic one with all scopes when absent. */
  token?: PersonalRights;
  /** Secrets of all jobs, by name. */
  secrets?: Record<string, string>;
  /** The `vars` context of all jobs. */
  variables?: Record<string, string>;
  /** Names of runner groups beside Default, open to all private repositories; their ids count from 3. */
  runnerGroups?: string[];
  rateLimits?: RateLimitOptions;
  /** Runner versions that register but get no jobs. */
  deprecatedRunnerVersions?: string[];
  /** Refuse manifests whose webhook address is on this machine, as github.com does. */
  refuseLoopbackHooks?: boolean;
  /** A running job that its runner has not renewed for this long fails; 600 when absent. */
  leaseSeconds?: number;
  /** A job that its runner has not picked up within this time goes back to the queue; 60 when absent. */
  pickUpSeconds?: number;
  /** A connected runner without a job is removed after so long; never when absent. github.com was seen to do it after 2 to 6 minutes. */
  idleRemovalSeconds?: number;
  clock?: () => Date;
  /** One line per webhook and per fault; never holds a secret. */
  log?: (line: string) => void;
  /** Seam for faults: loses, doubles or delays webhooks. */
  deliver?: DeliverySeam;
  /**
   * Seam for faults: stands between a request (REST, web or runner service) and its answer. It may wait, answer itself,
   * or let the answer be made and then give another, as when a reply is lost.
   */
  intercept?: (request: Request, answer: () => Promise<Response>) => Promise<Response>;
}
