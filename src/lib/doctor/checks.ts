// The one list of checks. A new check is an entry here and a name in check-ids.ts.
import type { Check } from "./check.ts";
import { type CheckId, checkIds } from "./check-ids.ts";
import { installation, permissions } from "./checks/app.ts";
import {
  controller,
  controllerClock,
  controllerHealth,
  controllerPolicy,
  controllerVersion,
} from "./checks/controller.ts";
import { clock, github, githubApi, rateLimit } from "./checks/github.ts";
import { image, runnerVersion } from "./checks/images.ts";
import { node, policy, proxy, settings } from "./checks/machine.ts";
import { fleetApp, modal, modalLimits } from "./checks/modal.ts";
import { repositories, runnerGroup } from "./checks/repositories.ts";
import { fleetSecret, poolSecrets } from "./checks/stored.ts";
import { deliveries, webhook, webhookSecret } from "./checks/webhook.ts";

const byId: Record<CheckId, Check> = {
  node,
  proxy,
  settings,
  policy,
  modal,
  "modal-limits": modalLimits,
  "fleet-app": fleetApp,
  image,
  "runner-version": runnerVersion,
  "pool-secrets": poolSecrets,
  controller,
  "fleet-secret": fleetSecret,
  "controller-health": controllerHealth,
  "controller-version": controllerVersion,
  "controller-policy": controllerPolicy,
  "controller-clock": controllerClock,
  "github-api": githubApi,
  clock,
  github,
  "rate-limit": rateLimit,
  permissions,
  installation,
  repositories,
  "runner-group": runnerGroup,
  webhook,
  "webhook-secret": webhookSecret,
  deliveries,
};

/** In the order of the chain. */
export const checks: readonly Check[] = checkIds.map((id) => byId[id]);
