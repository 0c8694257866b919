// What the parts of the emulated GitHub share, and what each request of its REST API carries along.
import type { DictionaryData } from "../workflow/context-data.ts";
import type { Apps } from "./apps.ts";
import type { Deliveries } from "./deliveries.ts";
import type { Engine } from "./engine/engine.ts";
import type { PlaceHooks } from "./hooks.ts";
import type { Ids } from "./ids.ts";
import type { RateLimits } from "./rate-limits.ts";
import type { Blobs } from "./services/blobs.ts";
import type { ServiceTokens } from "./services/service-tokens.ts";
import type { Store } from "./store.ts";
import type { Caller, Tokens } from "./tokens.ts";
import type { Urls } from "./urls.ts";

export interface GitHub {
  ids: Ids;
  urls: Urls;
  store: Store;
  apps: Apps;
  tokens: Tokens;
  deliveries: Deliveries;
  /** Webhooks of the organization and of repositories. */
  hooks: PlaceHooks;
  engine: Engine;
  rateLimits: RateLimits;
  blobs: Blobs;
  serviceTokens: ServiceTokens;
  /** Secrets that every job may use, by name; runs of pull requests from forks get none. */
  secrets: Record<string, string>;
  /** The `vars` context. */
  vars: DictionaryData;
  /** Runner versions that may register but receive no jobs, as the outdated ones of github.com. */
  deprecatedRunnerVersions: readonly string[];
  /** Refuse Apps whose webhook address is on this machine, as github.com does. */
  refuseLoopbackHooks: boolean;
  clock: () => Date;
  log: (line: string) => void;
}

export interface ApiEnv {
  Variables: {
    caller: Caller;
    requestId: string;
  };
}
