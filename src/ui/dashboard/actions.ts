// What keys do beyond the screen: to the fleet, the clipboard, the browser. Each says what it does, and what came of it.
import { explainError } from "../../lib/cli/explain-error.ts";
import { redact } from "../../lib/cli/redact.ts";
import type { DashboardRunner, DashboardSource } from "../../lib/dashboard/source.ts";
import type { ListedDelivery } from "../../lib/operations/list-deliveries.ts";
import type { ListedJob } from "../../lib/operations/list-jobs.ts";
import type { RunningFeeds } from "./feeds.ts";
import { contextOf } from "./keys.ts";
import { selectedRow } from "./rows.ts";
import type { Confirmation, Deed, Level } from "./state.ts";
import type { Store } from "./store.ts";
import { viewOf } from "./views.ts";

export interface ActionOptions {
  store: Store;
  source: DashboardSource;
  feeds: Pick<RunningFeeds, "refresh">;
  now(): number;
  /** Writes bytes to the terminal that do not show. */
  write(bytes: string): void;
  /** Hands the terminal to a shell in the runner until it ends. */
  shell(runner: string): Promise<void>;
}

export interface TargetRunner {
  runner: string;
  /** The job on it, or that it was made for; null where there is none, or GitHub does not show yet which it runs. */
  job: number | null;
  repository: string | null;
  isBusy: boolean;
}

export interface Actions {
  /** The selected row's runner; undefined, and said, where it has none that is alive. */
  runner(): TargetRunner | undefined;
  say(level: Level, text: string): void;
  /** Runs something whose failure is told. */
  tell(words: string, work: () => Promise<void>): Promise<void>;
  askToKill(): void;
  spawn(): Promise<void>;
  redeliver(): Promise<void>;
  askToReconcile(): Promise<void>;
  openShell(): Promise<void>;
  /** What was agreed to. */
  carryOut(deed: Deed): Promise<void>;
  open(): Promise<void>;
  copy(): void;
  /** Asks nothing any more. @returns what changes the fleet at this moment, and must not be left half done */
  close(): readonly UnderWay[];
}

export interface UnderWay {
  text: string;
  ended: Promise<void>;
}

let lastId = 0;

export function createActions(options: ActionOptions): Actions {
  const { store, source, feeds, now } = options;
  /** A shell has the terminal. */
  let isInShell = false;
  /** The operator has left. */
  let isClosed = false;
  const deeds = new Set<UnderWay>();

  const say = (level: Level, text: string) => store.dispatch({ type: "said", level, text, at: now() });
  const ask = (confirmation: Confirmation) => store.dispatch({ type: "asked", confirmation });
  /** A question that comes late, while something else has the keys, would take a key that is meant for that as its answer. */
  const askIfFree = (confirmation: Confirmation, otherwise: string) =>
    contextOf(store.state()) === "table" && !isInShell && !isClosed ? ask(confirmation) : say("warning", otherwise);

  /** The terminal's own way to its clipboard, also over SSH: OSC 52, xterm's control sequences. */
  const toClipboard = (text: string) => options.write(`\u001B]52;c;${Buffer.from(text).toString("base64")}\u0007`);

  async function tell(words: string, work: () => Promise<void>): Promise<void> {
    const id = ++lastId;
    store.dispatch({ type: "began", id, text: words, at: now() });
    try {
      await work();
    } catch (error) {
      const { message, why } = explainError(error);
      say("error", redact([message, why].filter((part) => part !== undefined).join(" ")));
    } finally {
      store.dispatch({ type: "ended", id });
    }
  }

  function change(text: string, work: () => Promise<void>): Promise<void> {
    const deed = { text, ended: tell(text, work) };
    deeds.add(deed);
    return deed.ended.finally(() => deeds.delete(deed));
  }

  function runner(): ReturnType<Actions["runner"]> {
    const { view } = store.state();
    const row = selectedRow(store.state());
    if (row === undefined) return undefined;
    if (view === "runners") {
      const { runner: name, job, repository, state } = row as DashboardRunner;
      return { runner: name, job: job || null, repository, isBusy: state === "busy" };
    }
    const { runner: name, job, repository, state } = row as ListedJob;
    if (name === null || state === "finished") {
      say("warning", name === null ? `Job ${job} has no runner yet.` : `Job ${job} is over, and its runner gone.`);
      return undefined;
    }
    return { runner: name, job, repository, isBusy: state === "running" };
  }

  const carryOut = (deed: Deed): Promise<void> => {
    switch (deed.kind) {
      case "kill":
        return change(`ending ${deed.runner}`, async () => {
          const killed = await source.kill(deed.runner, deed.agreedJob);
          if (killed.result === "other-job") {
            const { runner: name, job, repository } = killed;
            const target = { runner: name, job: job || null, repository, isBusy: true };
            askIfFree(questionOf(target), `Kept ${name}: it runs ${jobWords(target)} by now.`);
          } else {
            const { result } = killed;
            say(result === "kept" ? "warning" : "good", `${deed.runner}: ${killWords[result]}`);
          }
          feeds.refresh("sandboxes", "registrations", "jobs");
        });
      case "spawn":
        return change(`giving job ${deed.job} a runner`, async () => {
          const { isProvided, reason, detail, runner: name } = await source.spawn(deed.job);
          say(isProvided ? "good" : "warning", `Job ${deed.job}: ${reason}${name ? `, ${name}` : ""}: ${detail}`);
          feeds.refresh("sandboxes", "registrations", "jobs");
        });
      case "redeliver":
        return change(`sending delivery ${deed.id} once more`, async () => {
          const { result, failure } = await source.redeliver(deed.id);
          const level = result === "delivered" ? "good" : result === "pending" ? "info" : "warning";
          say(level, `Delivery ${deed.id}: ${result}${failure ? `: ${failure}` : ""}`);
          feeds.refresh("deliveries", "jobs");
        });
      case "reconcile":
        return change("mending the fleet", async () => {
          const items = await source.reconcile(false);
          const done = items.filter((item) => item.done === true).length;
          const left = items.length - done;
          say(left === 0 ? "good" : "warning", `Reconciled: ${done} done${left > 0 ? `, ${left} put off` : ""}.`);
          feeds.refresh();
        });
    }
  };

  return {
    runner,
    say,
    tell,
    carryOut,
    close() {
      isClosed = true;
      return [...deeds];
    },
    askToKill() {
      const target = runner();
      if (!target) return;
      ask(questionOf(target));
    },
    async spawn() {
      const row = selectedRow(store.state()) as ListedJob | undefined;
      if (!row) return;
      if (row.state === "queued") return carryOut({ kind: "spawn", job: row.job });
      say("warning", `Job ${row.job} does not wait for a runner: it is ${row.state}.`);
    },
    async redeliver() {
      const row = selectedRow(store.state()) as ListedDelivery | undefined;
      if (row) await carryOut({ kind: "redeliver", id: row.id });
    },
    askToReconcile: () =>
      tell("looking at the whole fleet", async () => {
        const items = await source.reconcile(true);
        if (items.length === 0) return say("good", "Everything is as it should be.");
        const lines = items.map(({ reason, detail }) => `${reason}: ${detail}`);
        const things = items.length === 1 ? "1 thing" : `${items.length} things`;
        askIfFree(
          { question: "Mend what is not as it should be?", lines, deed: { kind: "reconcile" } },
          `${things} to mend; ^R shows ${items.length === 1 ? "it" : "them"}.`,
        );
      }),
    async openShell() {
      const target = runner();
      if (!target) return;
      isInShell = true;
      await tell(`a shell in ${target.runner}`, () => options.shell(target.runner));
      isInShell = false;
    },
    open: async () => {
      const url = pageOf(store, source);
      if (!url) return say("warning", "It has no page at GitHub.");
      await tell(`opening ${url}`, async () => {
        if (await source.open(url)) return say("info", `Opened ${url}`);
        toClipboard(url);
        say("info", `No browser can be opened from here. Copied ${url}`);
      });
    },
    copy() {
      const { view } = store.state();
      const row = selectedRow(store.state());
      if (row === undefined) return;
      const id =
        view === "jobs"
          ? String((row as ListedJob).job)
          : view === "deliveries"
            ? (row as ListedDelivery).id
            : viewOf(view).identity(row);
      toClipboard(id);
      say("info", `Copied ${id}, if this terminal lets programs copy.`);
    },
  };
}

function questionOf(target: TargetRunner): Confirmation {
  const { runner, job, isBusy } = target;
  return {
    question: isBusy ? `End ${runner}, and the job on it?` : `End ${runner}?`,
    lines: isBusy
      ? [`It runs ${jobWords(target)}, which is interrupted.`]
      : ["It runs no job. It is deregistered first, so that none can come to it."],
    deed: { kind: "kill", runner, agreedJob: isBusy ? (job ?? 0) : null },
  };
}

function jobWords({ job, repository }: TargetRunner): string {
  if (job === null) return "a job that GitHub does not show yet";
  return `job ${job}${repository === null ? "" : ` of ${repository}`}`;
}

const killWords = {
  deregistered: "ended; it had no job",
  interrupted: "ended; its job was interrupted",
  killed: "killed; its job fails",
  kept: "kept: another job came to it just now",
  failed: "could not be ended",
} as const;

function pageOf(store: Store, source: DashboardSource): string | undefined {
  const { view } = store.state();
  const row = selectedRow(store.state());
  if (row === undefined) return undefined;
  if (view === "jobs") return (row as ListedJob).url || undefined;
  const { repository, run, job } = row as DashboardRunner;
  return repository !== null && run && job ? source.jobUrl(repository, run, job) : undefined;
}
