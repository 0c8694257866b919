// What happens next by itself, and what a person can do, for each reason code.
import type { ReasonCode } from "../../fleet/reasons.ts";
import type { Job } from "../../fleet/snapshot.ts";

/** What the sentences are about. */
export interface Situation {
  job: Job;
  /** Name of the fleet. */
  fleet: string;
  /** The pool that serves the job, or that the Sandbox is of. */
  pool: string | undefined;
  /** The runner that the decision is about. */
  runner: string | undefined;
  /** The fleet's repositories, labels and so on are written down here. */
  policyFile: string;
  /** Labels that some pool has, for a job whose labels none has. */
  example: string;
}

export interface Advice {
  next: string[];
  toType: string[];
}

type Advise = (about: Situation) => Advice;

const lookEvery = "the controller looks at the whole fleet every minute";
const queueEnd = "GitHub cancels the job once it has waited for 24 hours.";

const waitFor =
  (what: (about: Situation) => string, ...toType: ((about: Situation) => string)[]): Advise =>
  (about) => ({ next: [what(about)], toType: toType.map((write) => write(about)) });

const force = ({ job }: Situation) => `modal-gha spawn --job ${job.id} --force   # over the limit, this once`;
const spawnNow = ({ job }: Situation) => `modal-gha spawn --job ${job.id}   # now`;
const follow = ({ job }: Situation) => `modal-gha logs -f ${job.id}`;
const logs = ({ job }: Situation) => `modal-gha logs ${job.id}`;
const reconcile = () => "modal-gha reconcile   # now";
const doctor = () => "modal-gha doctor";
const controllerLog = ({ fleet }: Situation) => `modal app logs modal-gha-${fleet}.controller`;
const edit =
  (what: string) =>
  ({ policyFile }: Situation) =>
    `Edit ${policyFile}: ${what}; then: modal-gha deploy`;
const place = ({ job }: Situation) => job.repository.split("/")[1] ?? job.repository;

const never: Advise = () => ({ next: [queueEnd], toType: [] });
const ends: Advise = ({ runner }) => ({
  next: [`Runner ${runner ?? "of the job"} is removed at GitHub and its Sandbox ended: ${lookEvery}.`],
  toType: [reconcile()],
});
const full = (what: (about: Situation) => string, key: string, list: (about: Situation) => string) =>
  waitFor((about) => `It gets a runner as soon as a Sandbox of ${what(about)} has ended.`, list, force, edit(key));

/** Every code, so that a new one cannot be forgotten. */
const advice: Record<ReasonCode, Advise> = {
  spawn: waitFor(() => `It gets a runner with the controller's next look: ${lookEvery}.`, spawnNow, doctor),
  warm: waitFor(({ pool }) => `Pool ${pool} gets a runner that waits: ${lookEvery}.`, reconcile),
  "assign:picked-up": waitFor(() => `The Sandbox is marked as the job's own: ${lookEvery}.`, follow),
  "assign:swapped": waitFor(() => "The Sandbox that was made for the other job serves this one.", follow),
  "assign:spare": waitFor(({ runner }) => `Runner ${runner}, which no other job needs, takes it.`, reconcile, follow),
  "assign:unseen-job": waitFor(
    ({ runner }) => `Runner ${runner} is left to the job that GitHub gave it; one that was robbed of it gets another.`,
    reconcile,
  ),
  "finish:job-completed": ends,
  "terminate:job-cancelled": ends,
  "terminate:surplus": ends,
  "terminate:orphan": ends,
  "terminate:never-registered": ends,
  "terminate:idle": ends,
  "deregister:no-sandbox": ({ runner }) => ({
    next: [`Registration ${runner ?? ""} is removed at GitHub: ${lookEvery}.`],
    toType: ["modal-gha runners prune   # now"],
  }),
  "ignore:no-pool-matches": (about) => ({
    next: ["This fleet starts no runner for it.", ...never(about).next],
    toType: [
      `Change its workflow: runs-on: [self-hosted, ${about.example}]`,
      edit("add the labels to a pool")(about),
      `modal-gha explain --repo ${about.job.repository} --labels <labels>   # tells what would happen`,
    ],
  }),
  "ignore:repository-not-allowed": (about) => ({
    next: ["This fleet starts no runner for it.", ...never(about).next],
    toType: [edit(`add ${about.job.repository} to access.repositories`)(about)],
  }),
  "refuse:bad-resource-label": (about) => ({
    next: never(about).next,
    toType: [
      "Change its workflow: <label of a pool>/gpu=h100:2/cpu=8/memory=32g/timeout=2h/run=<text>, with the parts that it needs",
      `modal-gha explain --repo ${about.job.repository} --labels <labels>   # tells what would happen`,
    ],
  }),
  "refuse:resources-not-allowed": (about) => ({
    next: never(about).next,
    toType: [
      "Change its workflow: let its label ask for less",
      edit("raise the ceilings in the pool's resources block")(about),
    ],
  }),
  "refuse:fork-pull-request": (about) => ({
    next: [
      "This fleet starts no runner for it; but GitHub may give it one that was started for another job and has its labels.",
      ...never(about).next,
    ],
    toType: [
      "Push the branch to the repository itself, if the code can be trusted.",
      edit("access.fork-pull-requests: isolated runs such jobs without Volumes and Secrets")(about),
    ],
  }),
  "ignore:already-provisioned": ({ job, runner }) => ({
    next: [
      runner ? `Runner ${runner} takes it as soon as it is connected to GitHub.` : "Its Sandbox is being created.",
    ],
    toType: [`modal-gha logs -f ${job.id}`, ...(runner ? [`modal-gha runners shell ${runner}`] : [])],
  }),
  "ignore:not-queued": ({ job }) => ({
    next:
      job.status === "completed"
        ? []
        : ["It gets a runner when GitHub queues it: an approval, or another run, comes first."],
    toType: job.htmlUrl ? [job.htmlUrl] : [],
  }),
  "ignore:foreign-runner": ({ job }) => ({
    next: ["This fleet has nothing to do with the runner that took it."],
    toType: job.htmlUrl ? [job.htmlUrl] : [],
  }),
  "ignore:nothing-to-do": (about) => {
    const isRunning = about.job.status === "in_progress";
    const next = isRunning ? ["When the job ends its runner is removed at GitHub, and its Sandbox ended."] : [];
    return { next, toType: [isRunning ? follow(about) : logs(about)] };
  },
  "defer:fleet-at-capacity": full(
    () => "the fleet",
    "raise limits.max-runners",
    () => "modal-gha runners ls",
  ),
  "defer:pool-at-capacity": full(
    ({ pool }) => `pool ${pool}`,
    "raise the pool's max-runners",
    ({ pool }) => `modal-gha runners ls --pool ${pool}`,
  ),
  "defer:repository-at-capacity": full(
    ({ job }) => job.repository,
    "raise limits.max-runners-per-repository",
    (about) => `modal-gha runners ls --repo ${place(about)}`,
  ),
  "defer:daily-budget-spent": waitFor(
    () => "No runner is started before midnight UTC, when the next day's budget begins.",
    () => "modal-gha usage --since today --by repo",
    force,
    edit("raise limits.daily-budget-dollars"),
  ),
  "defer:start-failed": waitFor(
    () => "The next try waits twice as long as the one before, a quarter of an hour at most.",
    spawnNow,
    () => "modal-gha image ls",
    doctor,
  ),
  "defer:rate-limited": waitFor(
    () => "The controller tries again once GitHub's rate limit allows it.",
    () => "modal-gha deliveries ls --decisions",
    doctor,
  ),
  "defer:github-unavailable": waitFor(
    () => "The controller tries again in some seconds, and each minute.",
    () => "See https://www.githubstatus.com if it stays.",
    doctor,
  ),
  "defer:modal-unavailable": waitFor(
    () => "The controller tries again in some seconds, and each minute.",
    () => "modal-gha image ls   # is the image there?",
    () => "See https://status.modal.com if it stays.",
    doctor,
  ),
  "defer:answer-due": waitFor(
    () => "The controller goes on with it; a GPU can take Modal minutes to find.",
    ({ pool }) => (pool ? `modal-gha runners ls --pool ${pool}` : "modal-gha runners ls"),
    controllerLog,
  ),
  error: waitFor(
    () => `The controller tries again each minute, and will fail again until this is mended.`,
    doctor,
    controllerLog,
  ),
  "keep:busy": waitFor(
    ({ runner }) => `Runner ${runner ?? ""} is left alone as long as GitHub says that a job runs on it.`,
    ({ runner }) => `modal-gha runners kill ${runner ?? "<runner>"}   # asks first`,
  ),
};

export function adviseOn(reason: ReasonCode, about: Situation): Advice {
  return advice[reason](about);
}
