// Turns keys into what they do: commands of the screen go to its state, the others to the fleet or the terminal.
import { plainText } from "../../lib/cli/text.ts";
import type { DashboardRunner, DashboardSource } from "../../lib/dashboard/source.ts";
import type { ListedJob } from "../../lib/operations/list-jobs.ts";
import { type ActionOptions, type Actions, createActions } from "./actions.ts";
import { type Command, findBinding } from "./keys.ts";
import { selectedRow } from "./rows.ts";
import { watchLog } from "./watch-log.ts";

export interface ControllerOptions extends ActionOptions {
  source: DashboardSource;
  signal: AbortSignal;
  /** Ends the dashboard. */
  leave(how: "quit" | "interrupt"): void;
}

export interface Controller extends Pick<Actions, "close"> {
  /** Takes keys that came at once, by their names. */
  onKeys(keys: readonly string[]): void;
  /** Takes pasted text, which is no key whatever is in it. */
  onPaste(text: string): void;
}

export function createController(options: ControllerOptions): Controller {
  const { store } = options;
  const actions = createActions(options);
  const onKey = (key: string) => {
    const binding = findBinding(store.state(), key);
    if (binding) perform(binding.command, actions, options);
    else if (store.state().typing && /^[^\p{Cc}]$/u.test(key)) store.dispatch({ type: "typed", text: key });
  };
  return {
    close: actions.close,
    onKeys(keys) {
      const asked = store.state().confirmation;
      for (const key of keys) {
        onKey(key);
        const { confirmation } = store.state();
        // Nobody has read a question whose answer came along with it: it was pasted, where the terminal does not say so.
        if (confirmation && confirmation !== asked) break;
      }
    },
    onPaste: (text) => store.dispatch({ type: "typed", text: plainText(text).trim() }),
  };
}

function perform(command: Command, actions: Actions, options: ControllerOptions): void {
  const deeds: Partial<Record<Command, () => unknown>> = {
    quit: () => options.leave("quit"),
    interrupt: () => options.leave("interrupt"),
    yes: () => agree(actions, options),
    kill: actions.askToKill,
    spawn: actions.spawn,
    redeliver: actions.redeliver,
    reconcile: actions.askToReconcile,
    open: actions.open,
    copy: actions.copy,
    refresh() {
      options.feeds.refresh();
      actions.say("info", "Asking again.");
    },
    logs: () => showLog(actions, options),
    shell: actions.openShell,
  };
  const deed = deeds[command];
  if (deed) deed();
  else options.store.dispatch({ type: "command", command });
}

function agree(actions: Actions, { store }: ControllerOptions): void {
  const deed = store.state().confirmation?.deed;
  store.dispatch({ type: "command", command: "yes" });
  if (deed) void actions.carryOut(deed);
}

function showLog(actions: Actions, options: ControllerOptions): void {
  const state = options.store.state();
  const row = selectedRow(state);
  if (row === undefined) return;
  if (state.view === "jobs") {
    const { job, name, repository, url } = row as ListedJob;
    // The address says the repository, so that GitHub need not be asked of each.
    void watchLog(options, url || String(job), `${name} of ${repository}`);
    return;
  }
  const target = actions.runner();
  if (!target) return;
  const { runner, job, isBusy } = target;
  if (job === null) {
    const why = isBusy ? "GitHub does not show yet which job it runs." : "it has no job yet, and so no log.";
    actions.say("warning", `${runner}: ${why}`);
    return;
  }
  const { repository, run } = row as DashboardRunner;
  const title = `job ${job}${repository === null ? "" : ` of ${repository}`} on ${runner}`;
  // The job, not the runner: of that, tags may name another.
  void watchLog(options, repository !== null && run ? options.source.jobUrl(repository, run, job) : runner, title);
}
