// What docs/operations.md says: questions of an operator, a few words, and the commands that answer them. A command more
// is a line more. {name} stands for the id of a job, or of something else that the session knows.
import type { BusyFleet } from "./fleet.ts";

export interface Chapter {
  question: string;
  /** Prose, and shell lines that begin with `$ `, in the order in which they are read and run. */
  text: readonly string[];
  /** What happens before it. @returns further names */
  before?(fleet: BusyFleet): Promise<Record<string, string | number> | undefined>;
}

export const chapters: readonly Chapter[] = [
  {
    question: "What is going on?",
    text: [
      "Thirty jobs were started: a matrix of tests, a matrix of trainings on GPUs, a nightly soak test, and one job that asks for a GPU which no pool has. The policy allows nine Sandboxes in the pool `cpu` and four in `gpu`.",
      "`jobs ls` tells of every job what the fleet decides about it now, those that wait longest first:",
      "$ modal-gha jobs ls",
      "`runners ls` tells the same from the other side: what there is, what it does, and what it costs.",
      "$ modal-gha runners ls",
      "$ modal-gha runners ls --pool gpu --state busy",
      "Both take `--watch`. `modal-gha dashboard` shows all of this on one screen, and ends runners, opens shells and follows logs by key.",
    ],
  },
  {
    question: "Why does my job wait?",
    text: [
      "`explain` takes a job's id, its address at GitHub, its runner or its Sandbox. It tells what happened, what is decided and by which lines of the policy, what will happen next, and what to type:",
      "$ modal-gha explain {waiting}",
      "A job that no pool serves will wait until GitHub gives up on it after a day. `explain` says so, and what to change:",
      "$ modal-gha explain {nowhere}",
      "Before a label is used, it can be asked about without a job:",
      "$ modal-gha explain --labels modal/cpu=8/memory=32g --repo shop",
      "And when one job cannot wait, it gets a runner over the limits, though never past the rules of access:",
      "$ modal-gha spawn --job {waiting} --force",
      "The decision is made on the spot, by the function that the controller has, from what GitHub and Modal say at this moment and from the policy file at hand; where the controller runs another policy, `config diff` tells. What the controller said when it heard of the job is in GitHub's log of deliveries, for 3 days. Sandboxes that have ended are told of as long as Modal knows them, with the reason from the last line of the runner's entrypoint. While GitHub or Modal is down both commands tell what they can see, name what they cannot, and end with exit code 1.",
      "GitHub has no list of queued jobs: `jobs ls` takes three lists of runs for each repository and one list of jobs for each run. Of more than 40 repositories, those are looked into of which GitHub sent an event within the last day.",
    ],
  },
  {
    question: "What is my job doing?",
    text: [
      "GitHub shows no log of a running job to programs. The runner's own output does, masked as GitHub masks it, but for empty lines and some of a flood; `-f` stays until the job has ended. `--github` prints GitHub's own log, which has every line, once the job has ended.",
      "$ modal-gha logs {training}",
      "A shell, or one command, beside the job, in the same Sandbox:",
      "$ modal-gha runners shell {training} -- sh -c 'echo on $(uname -s), beside a job'",
    ],
  },
  {
    question: "Why did it fail?",
    text: [
      "Logs are there after the Sandbox is gone, too. `--step` takes part of a step's name, or its number:",
      "$ modal-gha logs {failed} --step test",
      "Whether it was the job or the fleet that failed, `explain` tells:",
      "$ modal-gha explain {failed}",
    ],
  },
  {
    question: "How do I end a job, or all that hang?",
    text: [
      "What is hit is shown first. The job is interrupted, and its runner tells GitHub at once; what has not ended after `--grace` is killed.",
      "$ modal-gha runners kill {hanging} --dry-run",
      "$ modal-gha runners kill {hanging} --yes",
      "By `--pool`, `--repo` or `--idle` many are ended at once. Where nobody can be asked, it takes `--yes`:",
      "$ modal-gha runners kill --pool gpu < /dev/null",
    ],
  },
  {
    question: "A run was cancelled. Is anything left?",
    before: async (fleet) => {
      const soak = (await fleet.jobs()).filter(({ name }) => name.startsWith("soak"));
      if (soak[0]) await fleet.cancel(soak[0].run_id);
      await fleet.until("the nightly run is cancelled", (jobs) =>
        jobs.every(({ name, status }) => !name.startsWith("soak") || status === "completed"),
      );
      return undefined;
    },
    text: [
      "The nightly run was cancelled at GitHub. Every minute the controller looks at the whole fleet, and `reconcile` shows what it would do now, or does it at once. Nothing to do is no output.",
      "$ modal-gha jobs ls --state finished --since 10m",
      "$ modal-gha runners prune --dry-run",
      "$ modal-gha reconcile --dry-run",
    ],
  },
  {
    question: "Did GitHub's webhooks come through?",
    before: async (fleet) => {
      await fleet.connectWebhook(false);
      await fleet.dispatch("docs.yml");
      await fleet.until("the docs job is there", (jobs) => jobs.some(({ name }) => name === "docs"));
      const docs = (await fleet.jobs()).find(({ name }) => name === "docs");
      await new Promise((resolve) => setTimeout(resolve, 1500));
      await fleet.connectWebhook(true);
      return docs && { docs: docs.id };
    },
    text: [
      "For a moment the controller could not be reached, and a job was queued in that moment. GitHub does not send a webhook again by itself:",
      "$ modal-gha deliveries ls --failed",
      "$ modal-gha deliveries redeliver --failed",
      "The controller asks for failed deliveries as well, with its next look. A lost webhook costs a job time, and nothing else. The newest ones, with what the controller answered:",
      "$ modal-gha deliveries ls --limit 5 --decisions",
    ],
  },
  {
    question: "What does it cost?",
    before: async (fleet) => {
      for (const gate of ["tests", "trainings", "soak"]) fleet.open(gate);
      await fleet.until("all but one job is over", (jobs) =>
        jobs.every(({ name, status }) => name === "benchmark" || status === "completed"),
      );
      return undefined;
    },
    text: [
      "All jobs are over by now, but for the one that no pool serves. What they used, by estimate from Modal's list prices, beside what the same minutes cost on GitHub-hosted runners:",
      "$ modal-gha usage --by workflow",
      "$ modal-gha usage --by pool --csv",
    ],
  },
  {
    question: "Is everything as it should be?",
    text: [
      "`doctor` looks at every link of the chain from a job to its runner, in order, and says of each that is broken how to mend it:",
      "$ modal-gha doctor",
      "The policy that the controller runs, compared with the file:",
      "$ modal-gha config diff",
      "The runner image, and until when GitHub gives jobs to the runner in it:",
      "$ modal-gha image build --json > /dev/null 2>&1; modal-gha image ls",
    ],
  },
  {
    question: "How do I use it from a script?",
    text: [
      "In a pipe, tables are tab-separated and in full, without a header. `--json` has a documented shape for every command, in [schemas/](../schemas), and so have errors. Nothing waits for an answer that nobody can give.",
      '$ modal-gha jobs ls --all --json | jq -r \'.[] | select(.state == "queued") | "\\(.name): \\(.decision)"\'',
      "$ modal-gha deliveries ls | head -2 | cut -f 2-4",
      "$ modal-gha runners ls --state asleep --json | jq .error",
      "Exit codes: 0 ok, 1 failure, 2 usage, 4 authentication, 8 not done yet, 130 interrupted.",
    ],
  },
  {
    question: "How do I look after several fleets?",
    text: [
      "Each has a name, and settings of its own:",
      "$ modal-gha config set --fleet staging policyFile ~/staging.yaml",
      "$ modal-gha config set --fleet prod policyFile ~/modal-gha.yaml",
      "$ modal-gha config set fleet prod",
      "$ modal-gha config fleets",
      "$ modal-gha runners ls --fleet stagin",
    ],
  },
  {
    question: "What did I mean to type?",
    text: [
      "Mistyped commands and flags are answered with those that are near. `source <(modal-gha completion bash)` completes them, and the names of runners, pools and jobs as well.",
      "$ modal-gha runner list",
      "$ modal-gha runners ls --pol gpu",
    ],
  },
  {
    question: "How do I put a fleet away?",
    text: ["Only what carries the fleet's mark is removed. First it is listed:", "$ modal-gha destroy --dry-run"],
  },
];
