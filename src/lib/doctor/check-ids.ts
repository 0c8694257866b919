// The names of the checks, in the order of the chain: from this machine to Modal, the controller, GitHub, and back.

export const checkIds = [
  "node",
  "proxy",
  "settings",
  "policy",
  "modal",
  "modal-limits",
  "fleet-app",
  "image",
  "runner-version",
  "pool-secrets",
  "controller",
  "fleet-secret",
  "controller-health",
  "controller-version",
  "controller-policy",
  "controller-clock",
  "github-api",
  "clock",
  "github",
  "rate-limit",
  "permissions",
  "installation",
  "repositories",
  "runner-group",
  "webhook",
  "webhook-secret",
  "deliveries",
] as const;

export type CheckId = (typeof checkIds)[number];
