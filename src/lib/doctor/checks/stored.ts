// What is kept at Modal by name: the Secrets and Volumes that pools mount, and the controller's own Secret.

import { appVariables, furtherApps } from "../../github/credentials.ts";
import { secretKeys } from "../../init/secret-keys.ts";
import { unlessNotFound } from "../../modal/apps.ts";
import { secretName } from "../../modal/names.ts";
import { missingSecretKeys, readSecretState, secretMark } from "../../modal/secrets.ts";
import { type Check, type Finding, fail, list, notApplicable, ok, together, warn } from "../check.ts";
import type { Facts } from "../facts/facts.ts";

export const poolSecrets: Check = {
  id: "pool-secrets",
  title: "Secrets and Volumes of pools",
  needs: ["policy", "modal"],
  async run({ modal, local }) {
    const { policy } = await local.policy();
    const client = await modal.client();
    const secrets = [...new Set(policy.pools.flatMap((pool) => pool.secrets))];
    const volumes = [...new Set(policy.pools.flatMap((pool) => pool.volumes.map(({ name }) => name)))];
    const usersOf = (name: string) =>
      list(policy.pools.filter((pool) => pool.secrets.includes(name)).map((p) => p.name));
    const own = secretName(policy.fleet);
    const findings = secrets.map(async (name): Promise<Finding> => {
      if (name === own) {
        const detail = `Pool ${usersOf(name)} gives jobs the controller's own Secret ${name}, with the App's key in it.`;
        return fail(detail, `Take ${name} out of the pool's secrets, then: modal-gha deploy`);
      }
      if (await unlessNotFound(() => client.secrets.fromName(name))) return ok(`Secret ${name} is there.`);
      const detail = `There is no Secret ${name} at Modal, which jobs of pool ${usersOf(name)} get: their runners cannot start.`;
      return fail(detail, `modal secret create ${name} KEY=value`);
    });
    const mounted = volumes.map(async (name): Promise<Finding> => {
      if (await unlessNotFound(() => client.volumes.fromName(name))) return ok(`Volume ${name} is there.`);
      return ok(`Volume ${name} is made with the first job that mounts it.`);
    });
    const all = await Promise.all([...findings, ...mounted]);
    return all.length > 0 ? together(all) : ok("The pools have none.");
  },
};

/** What the controller cannot do without, by who it is at GitHub. */
async function neededKeys({ github, env }: Facts): Promise<string[]> {
  const { appId, privateKey, webhookSecret, githubToken, modalTokenId, modalTokenSecret } = secretKeys;
  const isToken = await github.credentials().then(
    ({ first }) => first.kind === "token",
    () => false,
  );
  const who = isToken ? [githubToken] : [appId, privateKey];
  const further = isToken ? [] : furtherApps(env).map(appVariables);
  const others = further.flatMap((app) => [app.appId, app.privateKey]);
  return [...who, ...others, webhookSecret, modalTokenId, modalTokenSecret];
}

export const fleetSecret: Check = {
  id: "fleet-secret",
  title: "Secret of the controller",
  needs: ["policy", "modal", "controller"],
  async run(facts) {
    const { fleet } = (await facts.local.policy()).policy;
    const client = await facts.modal.client();
    const name = secretName(fleet);
    const isUsed = (await facts.controller.deployment()) !== undefined;
    const keys = await neededKeys(facts);
    const state = await readSecretState(client, fleet, keys);
    if (state === "complete") {
      const isUnfinished = (await missingSecretKeys(client, fleet, [secretKeys.unfinished])).length === 0;
      const detail = `${name} has all ${keys.length} values that the controller needs`;
      if (!isUnfinished) return ok(`${detail}.`);
      return warn(`${detail}, but setting up did not come to its end: GitHub may have others.`, "modal-gha init");
    }
    if (!isUsed) return notApplicable("The controller does not run at Modal, and has its secrets from elsewhere.");
    const mend = ["modal-gha init", "modal-gha deploy"];
    switch (state) {
      case "missing":
        return fail(`There is no Secret ${name} at Modal, so the controller has no credentials.`, ...mend);
      case "not-ours":
        return fail(
          `The Secret ${name} lacks the key ${secretMark}, so modal-gha did not make it and leaves it alone.`,
          `If nobody needs it: modal secret delete ${name}`,
          ...mend,
        );
      default: {
        const missing = await missingSecretKeys(client, fleet, keys);
        return fail(`The Secret ${name} lacks ${list(missing)}.`, ...mend);
      }
    }
  },
};
