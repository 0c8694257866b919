// The way of the news from GitHub to the controller: the webhook's address, its secret, and what was delivered lately.
import { type Delivery, type Hook, isDelivered, readDeliveries } from "../../github/deliveries.ts";
import { appHooks, hookFaults } from "../../github/hooks.ts";
import { appOctokit } from "../../github/setup/app.ts";
import type { HookVerdict } from "../../github/setup/hook-verdict.ts";
import { signedPing } from "../../github/setup/signed-ping.ts";
import { pingHook, verifyHook } from "../../github/setup/verify-hook.ts";
import { inBatches } from "../../operations/batches.ts";
import { failureWords } from "../../operations/list-deliveries.ts";
import { amount, type Check, type Finding, fail, list, notApplicable, ok, together, warn } from "../check.ts";
import { askHealth, baseOf } from "../facts/controller.ts";
import type { Facts } from "../facts/facts.ts";
import { ofEachApp, settingsPage } from "./app.ts";

export const webhook: Check = {
  id: "webhook",
  title: "Webhook",
  needs: ["controller", "github"],
  limitMs: 60_000,
  async run(facts) {
    const url = await facts.hooks.url();
    const { first } = await facts.github.credentials();
    if (first.kind === "token") return aboutPlaces(facts, url);
    return ofEachApp(facts, async (app): Promise<Finding> => {
      const page = await settingsPage(facts, app);
      const byHand = `Or by hand, to ${url}: ${page}`;
      if (!app.hook) return fail(`The App ${app.name} has no webhook.`, "modal-gha init", byHand);
      const { hook } = app;
      if (!(await leadsThere(hook.url, url, facts))) {
        const detail = `The webhook of the App ${app.name} goes to ${hook.url}, the controller is at ${url}.`;
        return fail(detail, "If nobody needs it there: modal-gha init --take-webhook", byHand);
      }
      if (hook.contentType !== "json") {
        return fail(`The webhook of the App ${app.name} sends forms, not JSON.`, "modal-gha init --rotate", byHand);
      }
      if (!hook.hasSecret) {
        return fail(`The webhook of the App ${app.name} has no secret.`, "modal-gha init --rotate", byHand);
      }
      if (hook.isInsecure) {
        return warn(`GitHub does not check the certificate of ${hook.url}.`, `Enable SSL verification: ${page}`);
      }
      return ok(`The App ${app.name} sends its webhooks to ${hook.url}.`);
    });
  },
};

/** Whether an address is the controller's: as deployed, or another by which the same one is reached, as a custom domain is. */
async function leadsThere(url: string, expected: string, { controller, now }: Facts): Promise<boolean> {
  if (url === expected) return true;
  if (!url.endsWith("/webhook")) return false;
  const [there, here] = await Promise.all([
    askHealth(baseOf(url), now).catch(() => undefined),
    controller.health().catch(() => undefined),
  ]);
  if (there === undefined || here === undefined || there.fleet === undefined) return false;
  const asOne = ["fleet", "policy", "version", "deployment"] as const;
  return asOne.every((name) => there[name] === here[name]);
}

const noPlace = "No repository may use the fleet, so there is no webhook to look at.";

/** With a token: of the organisation, or of each repository that may use the fleet. */
async function aboutPlaces(facts: Facts, url: string): Promise<Finding> {
  const { looked, total } = await facts.hooks.places();
  if (looked.length === 0) return notApplicable(noPlace);
  const mend = "modal-gha init --auth pat";
  const without = looked.filter(({ found }) => !found).map(({ place }) => place);
  const findings = looked.flatMap(({ place, found }) => {
    const faults = found ? hookFaults(found) : [];
    return faults.length > 0 ? [fail(`The webhook of ${place} ${list(faults)}.`, mend)] : [];
  });
  if (without.length > 0) {
    findings.unshift(fail(`No webhook of ${list(without)} goes to ${url}, or the token may not see it.`, mend));
  }
  const names = looked.map(({ place }) => place);
  const all = looked.length < total ? `${list(names, 3)}, of ${total},` : list(names, 3);
  const finding = ok(`${all} ${names.length === 1 ? "sends its" : "send their"} webhooks to ${url}.`);
  return findings.length > 0 ? together(findings) : finding;
}

/** The webhooks by which a fleet with a token has its news. */
async function tokenHooks({ hooks }: Facts): Promise<Hook[]> {
  return (await hooks.places()).looked.flatMap(({ found }) => found ?? []);
}

/** How long GitHub may take to send and list a webhook; it is asked twice where the first was not answered. */
const pingMs = 25_000;
/** With a token, some of the webhooks are enough: `init` gives all of them one secret. Each costs a dozen calls. */
const mostPings = 3;

export const webhookSecret: Check = {
  id: "webhook-secret",
  title: "Webhook secret",
  needs: ["webhook", "controller-health"],
  limitMs: 2 * pingMs + 15_000,
  async run(facts, signal) {
    const url = await facts.hooks.url();
    const { first } = await facts.github.credentials();
    const options = { signal, timeoutMs: pingMs };
    const local = facts.env["MODAL_GHA_WEBHOOK_SECRET"];
    const own = local ? [ofOwnSecret(await signedPing(url, local, options))] : [];
    if (first.kind === "app") {
      const accesses = await facts.github.accesses();
      const verdicts = await Promise.all(accesses.map((access) => verifyHook(access, options)));
      return together([...verdicts.map(ofVerdict), ...own]);
    }
    const hooks = await tokenHooks(facts);
    const some = hooks.slice(0, mostPings);
    const verdicts = await Promise.all(some.map((hook) => pingHook(hook, options)));
    if (verdicts.length + own.length === 0) return notApplicable(noPlace);
    const sample = some.length < hooks.length ? [ok(`Tried with ${some.length} of ${hooks.length} webhooks.`)] : [];
    return together([...distinct(verdicts.map(ofVerdict)), ...sample, ...own]);
  },
};

/** Of what is said alike of several, one. */
function distinct(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((finding) => [finding.detail, finding])).values()];
}

/** What GitHub's own webhook, signed with GitHub's secret, was answered. */
function ofVerdict({ verdict, detail }: HookVerdict): Finding {
  switch (verdict) {
    case "ok":
      return ok("GitHub and the controller have the same: a webhook that GitHub signed was accepted.");
    case "bad-signature":
      return fail(
        detail,
        "If the Secret was changed since it was deployed: modal-gha deploy",
        "Else put new secrets in place on both sides: modal-gha init --rotate",
      );
    case "not-configured":
      return fail(detail, "modal-gha deploy", "modal-gha init");
    case "unreachable":
      return fail(`${detail} From here it can be reached.`, "Check firewalls, and that the address is a public one.");
    case "no-delivery":
      return warn(`Not proven: ${detail}`, "Run any workflow, then: modal-gha doctor --check webhook-secret");
    default:
      return fail(detail, "modal-gha deliveries ls --failed");
  }
}

/** Of the secret that is set here, by which commands such as `config diff` ask the controller. */
function ofOwnSecret({ verdict, detail }: HookVerdict): Finding {
  if (verdict === "ok") return ok("So has MODAL_GHA_WEBHOOK_SECRET here.");
  if (verdict !== "bad-signature") return warn(detail, "modal-gha doctor --check controller-health");
  return warn("MODAL_GHA_WEBHOOK_SECRET here is another than the controller's.", "unset MODAL_GHA_WEBHOOK_SECRET");
}

const lookBackMs = 24 * 3_600_000;
const mostPages = 5;
const mostLogs = 100;
const logsAtOnce = 8;

export const deliveries: Check = {
  id: "deliveries",
  title: "Deliveries",
  needs: ["webhook"],
  async run(facts) {
    const since = facts.now() - lookBackMs;
    const { first } = await facts.github.credentials();
    const hooks: Hook[] =
      first.kind === "app"
        ? appHooks((await facts.github.accesses()).map((access) => appOctokit(access)))
        : await tokenHooks(facts);
    if (hooks.length === 0) return notApplicable(noPlace);
    const lists = await inBatches(hooks.slice(0, mostLogs), logsAtOnce, ({ octokit, path }) =>
      readDeliveries(octokit, path, since, mostPages),
    );
    const sent = lists.flatMap((each) => each.deliveries).sort((a, b) => b.delivered_at - a.delivered_at);
    const attempts = [...Map.groupBy(sent, ({ guid }) => guid).values()];
    const failed = attempts.filter((each) => !each.some(isDelivered));
    const isWhole = lists.length === hooks.length && lists.every((each) => each.isWhole);
    const span = isWhole ? "the last 24 hours" : "those that were looked at";
    if (attempts.length === 0) return ok("GitHub had nothing to send in the last 24 hours.");
    const [newest] = failed;
    const all = `${amount(attempts.length, "delivery", "deliveries")} in ${span}`;
    if (newest === undefined) return ok(`${all}, none failed.`);
    const why = failureWords(newest[0] as Delivery);
    const detail = `${failed.length} of ${all} never came through; the newest: ${why}.`;
    const mend = ["modal-gha deliveries redeliver --failed --since 1d", "modal-gha deliveries ls --failed --since 1d"];
    return (failed.length === attempts.length ? fail : warn)(detail, ...mend);
  },
};
