// Turns keys into what they do: commands of the screen go to its state, the others to the fleet or the terminal.
import type { DashboardSource } from "../../lib/dashboard/source.ts";
import type { ListedJob } from "../../lib/operations/list-jobs.ts";
import { type ActionOptions, type Actions, createActions } from "./actions.ts";
import { type Command, findBinding } from "./keys.ts";
import { selectedRow } from "./rows.ts";
import { watchLog } from "./watch-log.ts";

export interface ControllerOptions extends ActionOptions {
  source: DashboardSource;
  signal: AbortSignal;
  /** Hands the terminal to a shell in the runner until it ends. */
  shell(runner: string): Promise<void>;
  /** Ends the dashboard. */
  leave(how: "quit" | "interrupt"): void;
}

/** @returns what takes the keys, by their names */
export function createController(options: ControllerOptions): (key: string) => void {
  const { store } = options;
  const actions = createActions(options);
  return (key) => {
    const binding = findBinding(store.state(), key);
    if (binding) perform(binding.command, actions, options);
    else if (store.state().typing && /^[^\p{Cc}]$/u.test(key)) store.dispatch({ type: "typed", text: key });
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
    shell() {
      const target = actions.runner();
      if (target) void actions.tell(`a shell in ${target.runner}`, () => options.shell(target.runner));
    },
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
  const { runner, job, repository } = target;
  if (job === null) actions.say("warning", `${runner} has no job yet, and so no log.`);
  else void watchLog(options, runner, `job ${job}${repository === null ? "" : ` of ${repository}`} on ${runner}`);
}
