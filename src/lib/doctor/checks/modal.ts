// The links at Modal: credentials, what Modal lets this workspace do, and the App in which runners live.
import { findCredentialsSource } from "../../init/modal-step.ts";
import { appName } from "../../modal/names.ts";
import { foreignThing } from "../../modal/ownership.ts";
import { type Check, type Finding, fail, list, ok, together, warn } from "../check.ts";

const day = 24 * 3_600_000;
const noticeMs = 14 * day;
/** Share of a spending limit from which on it is worth a word. */
const nearlySpent = 0.9;

export const modal: Check = {
  id: "modal",
  title: "Modal",
  needs: ["settings"],
  async run({ env, modal, now }) {
    const { workspace, owner, environment, environments, expiresAt, limits } = await modal.workspace();
    // Which profile it is, is settled when Modal is asked.
    const { source } = await findCredentialsSource(env);
    if (limits === undefined) {
      const named = environment === "" ? "no default Environment" : `no Environment ${environment}`;
      const first = environments[0] ?? "main";
      return fail(
        `The workspace${workspace ? ` ${workspace}` : ""} has ${named}; there are: ${list(environments) || "none"}.`,
        env["MODAL_ENVIRONMENT"] ? `export MODAL_ENVIRONMENT=${first}` : `modal config set-environment ${first}`,
        ...(environment === "" ? [] : [`Or make it: modal environment create ${environment}`]),
      );
    }
    const who = [workspace && `workspace ${workspace}`, `Environment ${environment}`, owner && `as ${owner}`];
    const detail = `${who.filter(Boolean).join(", ")}; credentials from ${source}.`;
    if (expiresAt !== undefined && expiresAt - now() < noticeMs) {
      const date = new Date(expiresAt).toISOString().slice(0, 10);
      return warn(`${detail} The token expires on ${date}.`, "modal token new", "modal-gha init");
    }
    return ok(detail);
  },
};

export const modalLimits: Check = {
  id: "modal-limits",
  title: "Modal's limits",
  needs: ["modal"],
  async run({ modal, local }) {
    const { environment, limits } = await modal.workspace();
    if (limits === undefined) return ok("Modal tells of none.");
    const { maxTasks, tasks, maxGpus, gpus, isSpendLimitReached, spendLimit, spent } = limits;
    const findings: Finding[] = [];
    const usage = "https://modal.com/settings/usage";
    if (isSpendLimitReached) {
      const of = spendLimit === undefined ? "" : ` of $${spendLimit}`;
      findings.push(
        fail(`The spending limit${of} of ${environment} is reached: Modal starts nothing.`, `Raise it: ${usage}`),
      );
    } else if (spendLimit !== undefined && spent >= nearlySpent * spendLimit) {
      const detail = `$${spent.toFixed(2)} of this cycle's $${spendLimit} in ${environment} are spent.`;
      findings.push(warn(detail, `Raise the limit: ${usage}`));
    }
    // Without a policy the limits alone are told.
    const loaded = await local.policy().catch(() => undefined);
    const wanted = loaded?.policy.limits.maxRunners ?? 0;
    if (maxTasks !== undefined && wanted > maxTasks) {
      const detail = `${environment} may run ${maxTasks} containers, the policy asks for up to ${wanted} runners.`;
      findings.push(warn(detail, `Write limits: { max-runners: ${maxTasks} } in the policy, or have Modal raise it.`));
    }
    const gpuPools = loaded?.policy.pools.filter(({ gpu }) => gpu !== undefined) ?? [];
    const wantedGpus = gpuPools.reduce((sum, pool) => sum + pool.maxRunners * gpuCount(pool.gpu), 0);
    if (maxGpus !== undefined && wantedGpus > maxGpus) {
      const names = gpuPools.map(({ name }) => name);
      const detail = `${environment} may use ${maxGpus} GPUs, the pools ${list(names)} ask for up to ${wantedGpus}.`;
      findings.push(warn(detail, "Lower max-runners of these pools, or have Modal raise the limit."));
    }
    if (findings.length > 0) return together(findings);
    const told = [
      maxTasks !== undefined && `${tasks} of ${maxTasks} containers run`,
      maxGpus !== undefined && `${gpus} of ${maxGpus} GPUs are used`,
      spendLimit !== undefined && `$${spent.toFixed(2)} of $${spendLimit} are spent`,
    ].filter((each) => each !== false);
    return ok(told.length > 0 ? `${told.join(", ")}.` : "Modal tells of none.");
  },
};

function gpuCount(gpu: string | undefined): number {
  return Number(gpu?.split(":")[1] ?? 1);
}

export const fleetApp: Check = {
  id: "fleet-app",
  title: "App of the runners",
  needs: ["policy", "modal"],
  async run({ modal, local }) {
    const { fleet } = (await local.policy()).policy;
    const name = appName(fleet);
    const app = await modal.fleetApp();
    if (!app) return warn(`There is no App ${name} yet; the controller makes it when it starts.`, "modal-gha deploy");
    const rename = "Or give the fleet another name: `fleet` in the policy, then modal-gha init.";
    if (app.mark === "foreign") {
      const detail = `The App ${name} carries another owner's tags, so it is not this fleet's.`;
      return fail(detail, `If nobody needs it: modal app stop ${name}`, rename);
    }
    const foreign = await foreignThing(await modal.client(), app, fleet, { includeFinished: false });
    if (foreign !== undefined) return fail(`Somebody else uses the App ${name}: ${foreign}.`, rename);
    const mark = app.mark === "ours" ? "with this fleet's tags" : "without tags, and nobody else's things in it";
    return ok(`${name}, ${mark}.`);
  },
};
