// The controller: deployed, answering, and running the same program and policy as are here.
import { controllerAppName } from "../../modal/names.ts";
import { type Check, fail, ok, warn } from "../check.ts";
import { type Health, NoController } from "../facts/controller.ts";
import type { Facts } from "../facts/facts.ts";
import { judgeClock } from "./clock.ts";

/** A controller that scaled to zero takes its time to start. */
const limitMs = 60_000;

export const controller: Check = {
  id: "controller",
  title: "Controller",
  needs: ["policy", "modal"],
  limitMs,
  async run(facts) {
    const name = controllerAppName((await facts.local.policy()).policy.fleet);
    const deployment = await facts.controller.deployment();
    if (deployment) {
      const { app, url } = deployment;
      if (app.mark !== "ours") {
        const detail = `The App ${name} does not carry this fleet's tags, so modal-gha did not deploy it.`;
        return fail(detail, `If nobody needs it: modal app stop ${name}`, "modal-gha deploy");
      }
      if (url === undefined) return fail(`The App ${name} has no web endpoint.`, "modal-gha deploy");
      return ok(`Deployed as ${name}, at ${url}.`);
    }
    const address = await facts.controller.address();
    if (address === undefined) return fail(`It is not deployed: there is no App ${name} at Modal.`, "modal-gha deploy");
    const elsewhere = await healthOf(facts);
    if (elsewhere instanceof NoController) {
      const detail = `It is not deployed: there is no App ${name} at Modal. Webhooks go to ${address}, and ${elsewhere.message}.`;
      return fail(detail, "modal-gha deploy");
    }
    return warn(`One answers at ${address}, but not from Modal: there is no App ${name}.`, "modal-gha deploy");
  },
};

async function healthOf({ controller }: Facts): Promise<Health | NoController> {
  try {
    return await controller.health();
  } catch (error) {
    if (error instanceof NoController) return error;
    throw error;
  }
}

export const controllerHealth: Check = {
  id: "controller-health",
  title: "Controller answers",
  needs: ["controller"],
  limitMs,
  async run(facts) {
    const { fleet } = (await facts.local.policy()).policy;
    const address = await facts.controller.address();
    const health = await healthOf(facts);
    if (health instanceof NoController) {
      const logs = `modal app logs ${controllerAppName(fleet)}`;
      return fail(`Of ${address}: ${health.message}.`, `See why: ${logs}`, "modal-gha deploy");
    }
    if (health.fleet !== undefined && health.fleet !== fleet) {
      const detail = `At ${address} is the controller of the fleet ${health.fleet}, not of ${fleet}.`;
      const { file } = await facts.local.policy();
      return fail(
        detail,
        `If ${health.fleet} is meant: mend "fleet:" in ${file}`,
        "If not, check MODAL_GHA_WEBHOOK_URL and the webhook of the GitHub App.",
        "modal-gha deploy",
      );
    }
    if (!health.configured) {
      return fail(
        `It answers at ${address}, but has no credentials yet, and answers 503 to webhooks.`,
        "modal-gha init",
        "If its Secret is complete, containers keep what they started with: modal-gha deploy",
      );
    }
    if (!health.connected) {
      const detail = `It answers at ${address}, but its own credentials do not get it through to GitHub and Modal.`;
      return fail(
        detail,
        `See why: modal app logs ${controllerAppName(fleet)}`,
        "If those at hand here are right: modal-gha deploy --update-secret",
      );
    }
    return ok(`${address}/healthz says that all is well.`);
  },
};

export const controllerVersion: Check = {
  id: "controller-version",
  title: "Controller's version",
  needs: ["controller-health"],
  async run({ controller, version: local }) {
    const { version } = await controller.health();
    if (version === local) return ok(`${version}, as here.`);
    const theirs = version === undefined ? "It does not tell its version, so it is an old one" : `It is ${version}`;
    return warn(`${theirs}; this program is ${local}.`, "modal-gha deploy");
  },
};

export const controllerPolicy: Check = {
  id: "controller-policy",
  title: "Controller's policy",
  needs: ["controller-health"],
  async run({ controller, local }) {
    const { hash, file } = await local.policy();
    const { policy } = await controller.health();
    if (policy === hash) return ok(`The same as ${file} (${hash}).`);
    const detail = `It runs another policy (${policy ?? "which it does not tell"}) than ${file} (${hash}).`;
    return fail(detail, `See what differs: modal-gha config diff ${file}`, "modal-gha deploy");
  },
};

/** The controller tells Modal's time. */
export const controllerClock: Check = {
  id: "controller-clock",
  title: "Controller's clock",
  needs: ["controller-health"],
  async run({ controller }) {
    return judgeClock("the controller's", (await controller.health()).aheadMs);
  },
};
