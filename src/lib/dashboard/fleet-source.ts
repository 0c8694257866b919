// The operator's own fleet as a dashboard sees it: every question and every action is that of the command of its name.
import { setTimeout as delay } from "node:timers/promises";
import { canOpenBrowser, openBrowser } from "../cli/browser.ts";
import type { Colours } from "../cli/colours.ts";
import { AbortError } from "../cli/errors.ts";
import { reasons } from "../fleet/reasons.ts";
import { readDelivery } from "../github/deliveries.ts";
import { webUrlOf } from "../github/setup/web-url.ts";
import { explainJob } from "../operations/explain/explain-job.ts";
import { findJob } from "../operations/find-job.ts";
import { type FleetAccess, type FleetAccessOptions, type ModalSide, prepareFleet } from "../operations/fleet-access.ts";
import { gapWords, readJobLog } from "../operations/job-log.ts";
import { killRunner, selectRunners } from "../operations/kill-runners.ts";
import { findDeliveries, readAnswer } from "../operations/list-deliveries.ts";
import { listJobs } from "../operations/list-jobs.ts";
import { createLogView } from "../operations/log-view.ts";
import { reconcileFleet } from "../operations/reconcile-fleet.ts";
import { findByIds, redeliverAll } from "../operations/redeliver.ts";
import { loginShell, runShell } from "../operations/runner-shell.ts";
import { spawnJob } from "../operations/spawn-job.ts";
import { knownJobs } from "./jobs.ts";
import { retrying } from "./retrying.ts";
import { knownRunners } from "./runners.ts";
import type { DashboardJobs, DashboardSource, LogLine, RateBudget } from "./source.ts";
import { readDashboardUsage } from "./usage.ts";

/** How far back deliveries are listed. */
const deliveriesMs = 3_600_000;
/** How long an interrupted job has to end before its Sandbox is killed, as with `runners kill`. */
const graceMs = 30_000;
const redeliveryWaitMs = 10_000;

/**
 * Reads the settings; neither service is asked before the first question, so one that is down keeps nobody out.
 * @throws AbortError when the policy or the credentials are missing or cannot be read
 */
export async function openDashboard(options: FleetAccessOptions & { colours: Colours }): Promise<DashboardSource> {
  const { now, colours } = options;
  let { warn } = options;
  const { githubApiUrl, connectGitHub, connectModal, ...prepared } = await prepareFleet({
    ...options,
    warn: (text) => warn(text),
  });
  const { policy } = prepared;
  const closers: (() => void)[] = [];
  const closing = async (side: Promise<ModalSide>) => {
    closers.push((await side).close);
    return side;
  };
  let githubCalls = () => 0;
  const github = retrying(async () => {
    const side = await connectGitHub();
    githubCalls = side.octokit.counted;
    return side;
  });
  const modal = retrying(() => closing(connectModal()));
  const fleet = async (): Promise<FleetAccess> => {
    const [atGitHub, atModal] = await Promise.all([github(), modal()]);
    return { ...prepared, ...atGitHub, ...atModal };
  };
  const modalStandIn = retrying(() => closing(connectModal(true)));
  /** For what can do without one of the services: calls to it fail one by one. */
  const whatIsThere = async (): Promise<FleetAccess> => {
    const [atGitHub, atModal] = await Promise.all([
      github().catch(() => connectGitHub(true)),
      modal().catch(() => modalStandIn()),
    ]);
    return { ...prepared, ...atGitHub, ...atModal };
  };
  const deliveryAccess = async () => {
    const { hooks, octokit, isApp } = await github();
    return { hooks: await hooks(), octokit, isApp, owner: policy.github.owner };
  };

  let lastJobs: DashboardJobs | undefined;

  return {
    fleet: policy.fleet,
    owner: policy.github.owner,
    onWarning(hear) {
      const before = warn;
      warn = hear;
      return () => {
        warn = before;
      };
    },
    sandboxes: async () => (await modal()).modal.sandboxes(),
    registrations: async () => (await github()).github.registrations(),
    runners: (known, at) => knownRunners(known, policy, at),
    jobs: async () => {
      lastJobs = knownJobs(await listJobs(await whatIsThere(), { now }), lastJobs);
      return lastJobs;
    },
    async deliveries() {
      const found = await findDeliveries(await deliveryAccess(), { since: now() - deliveriesMs, failedOnly: false });
      return found.map(({ listed }) => listed);
    },
    usage: async () => readDashboardUsage({ modal: (await modal()).modal, policy }, now()),
    rate: async () => readRate(await github()),
    githubCalls: () => githubCalls(),
    async deliveryAnswer(id) {
      const { hooks } = await deliveryAccess();
      const found = await Promise.all(hooks.map((hook) => readDelivery(hook, id)));
      const answer = readAnswer(found.find((delivery) => delivery !== undefined)?.answer);
      if (!answer) return null;
      return { ...answer, meaning: (reasons as Readonly<Record<string, string>>)[answer.reason] ?? null };
    },
    explain: async (reference) => explainJob(reference, await whatIsThere(), { now }),
    async *log(reference, { signal, onWaiting }) {
      const access = await whatIsThere();
      const job = await findJob(reference, access);
      const view = createLogView({ colours });
      const notes: LogLine[] = [];
      const onFallback = (why: string) => notes.push({ text: `${why} GitHub has this:` });
      const onGap = () => notes.push({ text: gapWords });
      const options = { fleet: access, job, follow: true, signal, now, onWaiting, onFallback, onGap };
      for await (const event of readJobLog(options)) {
        yield* notes.splice(0);
        const text = view(event);
        if (text !== undefined) yield { text };
      }
    },
    async kill(runner, agreedJob) {
      const access = await fleet();
      const [target] = await selectRunners(access, { references: [runner] }, now());
      if (!target) throw new AbortError(`The fleet has no runner ${runner}.`, { code: "no-such-runner" });
      if (target.state === "busy" && target.job !== agreedJob) {
        return {
          result: "other-job",
          runner,
          job: target.job,
          repository: target.job === 0 ? null : target.repository,
        };
      }
      return killRunner(target, access, graceMs);
    },
    spawn: async (job) => spawnJob(String(job), await fleet(), { now }),
    async redeliver(id) {
      const chosen = await findByIds(await deliveryAccess(), [id]);
      const [result] = await redeliverAll(chosen, { waitMs: redeliveryWaitMs, now, sleep: (ms) => delay(ms) });
      if (!result) throw new Error(`delivery ${id} was not sent`);
      return result;
    },
    reconcile: async (isPreview) => reconcileFleet(await fleet(), { isPreview, now }),
    shell: async (runner, terminal) => runShell(runner, loginShell, await fleet(), terminal, now()),
    async open(url) {
      if (!canOpenBrowser(options.env)) return false;
      return openBrowser(url).then(
        () => true,
        () => false,
      );
    },
    jobUrl: (repository, run, job) => `${webUrlOf(githubApiUrl)}/${repository}/actions/runs/${run}/job/${job}`,
    close: () => {
      for (const close of closers) close();
    },
  };
}

/** The call costs nothing of the limit it tells of: docs.github.com/rest/rate-limit/rate-limit */
async function readRate({ octokit }: Pick<FleetAccess, "octokit">): Promise<RateBudget | null> {
  try {
    const { data } = await octokit.rest.rateLimit.get();
    const { limit, remaining, reset } = data.resources.core;
    return { limit, remaining, resetsAt: reset * 1000 };
  } catch (error) {
    // GitHub Enterprise Server answers so where its administrator set no limits.
    if ((error as { status?: number }).status === 404) return null;
    throw error;
  }
}
