// Shows a dashboard on a terminal until the operator leaves it, and leaves the terminal as it was found.
import { render, useApp } from "ink";
import { type ReactElement, useEffect } from "react";
import type { Clock } from "../../lib/cli/clock.ts";
import { InterruptedError } from "../../lib/cli/errors.ts";
import type { IOStreams } from "../../lib/cli/streams.ts";
import type { DashboardSource } from "../../lib/dashboard/source.ts";
import { safe } from "../fit.ts";
import { createPalette } from "../palette.ts";
import type { UnderWay } from "./actions.ts";
import { Allowance } from "./allowance.ts";
import { App, type AppProps } from "./app.tsx";
import { createController } from "./controller.ts";
import { startFeeds } from "./feeds.ts";
import { lendTerminal } from "./shell-terminal.ts";
import { initialState } from "./state.ts";
import { createStore, type Store } from "./store.ts";
import { startStories } from "./stories.ts";

export interface RunOptions {
  source: DashboardSource;
  io: IOStreams;
  clock: Clock;
  isReadOnly: boolean;
  refreshMs: number;
  /** Ends it. */
  signal: AbortSignal;
}

/** How often ages on the screen move on: the larger it is, the longer it takes to draw, and the more seldom they do. */
function tickMs({ columns, rows }: { columns: number; rows: number }): number {
  return Math.min(3000, Math.max(1000, (columns * rows) / 4));
}

type Suspend = (work: () => Promise<void>) => Promise<void>;

function busyMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/**
 * @throws InterruptedError when it was left by Ctrl-C
 */
export async function runDashboard(options: RunOptions): Promise<void> {
  const { source, io, clock, isReadOnly } = options;
  const stdin = io.stdin as NodeJS.ReadStream;
  const stdout = io.stdout.stream as NodeJS.WriteStream;
  // A terminal that was never told its size, as over a serial line, says 0.
  const size = () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 });
  const { fleet, owner } = source;
  const store = createStore(initialState({ fleet, owner, isReadOnly, now: clock.now(), size: size() }));
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  const { promise: left, resolve: leave } = Promise.withResolvers<"quit" | "interrupt" | "signal">();
  if (options.signal.aborted) leave("signal");
  options.signal.addEventListener("abort", () => leave("signal"), { once: true });

  const write = (bytes: string) => void stdout.write(bytes);
  let suspend: Suspend = (work) => work();
  let shellEnded: Promise<unknown> = Promise.resolve();
  const shell = (runner: string) => {
    const ended = suspend(async () => {
      write(`Shell in ${runner}; Ctrl-D or exit leads back.\r\n`);
      const { terminal, takeBack } = lendTerminal(stdin, stdout);
      const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      try {
        await Promise.race([source.shell(runner, terminal), aborted]);
      } finally {
        takeBack();
        write("\r");
      }
    });
    shellEnded = ended.catch(() => undefined);
    return ended;
  };

  const allowance = new Allowance(source.githubCalls, () => clock.now());
  const feeds = startFeeds({ store, source, refreshMs: options.refreshMs, clock, signal, busyMs, allowance });
  const endStories = startStories(store, source, allowance);
  const controller = createController({ store, source, feeds, signal, shell, leave, write, now: () => clock.now() });
  const onResize = () => store.dispatch({ type: "resized", ...size() });
  let ticking: NodeJS.Timeout | undefined;
  const tick = () => {
    store.dispatch({ type: "tick", now: clock.now() });
    ticking = setTimeout(tick, tickMs(size()));
  };
  tick();
  stdout.on("resize", onResize);

  const root = (
    <Suspendable
      {...{
        store,
        onKeys: controller.onKeys,
        onPaste: controller.onPaste,
        palette: createPalette(io.stdout.colours.enabled),
      }}
      onMount={(given) => {
        suspend = given;
      }}
    />
  );
  // The other screen is entered where the cursor is; what was typed too early may have moved it.
  write("\r");
  const ink = render(root, {
    stdin,
    stdout,
    // A key must not be swallowed by Ink: the registry says what Ctrl-C does.
    exitOnCtrlC: false,
    alternateScreen: true,
    incrementalRendering: true,
    interactive: true,
  });
  // What is written over the screen shifts it.
  const endWarnings = source.onWarning((text) =>
    store.dispatch({ type: "said", level: "warning", text, at: clock.now() }),
  );
  // Whoever reports a fault of the program does so on the screen that was there before.
  const onFault = () => ink.unmount();
  process.prependListener("uncaughtException", onFault);
  let how: "quit" | "interrupt" | "signal";
  let waitForDeeds: () => Promise<void>;
  try {
    how = await Promise.race([left, ink.waitUntilExit().then(() => "quit" as const)]);
    over.abort();
    waitForDeeds = endOf(controller.close(), store, options);
    // A shell gives the terminal back first, so that it is Ink that leaves it.
    await shellEnded;
  } finally {
    over.abort();
    process.off("uncaughtException", onFault);
    clearTimeout(ticking);
    endStories();
    stdout.off("resize", onResize);
    ink.unmount();
    await ink.waitUntilExit().catch(() => undefined);
    endWarnings();
  }
  await waitForDeeds();
  if (how === "interrupt") throw new InterruptedError("SIGINT");
}

/**
 * A runner that is half ended, or half made, is left to nobody: what was begun ends first, unless a signal comes meanwhile.
 * @returns waits for it, and tells what came of it since now
 */
function endOf(deeds: readonly UnderWay[], store: Store, { io, signal }: RunOptions): () => Promise<void> {
  const told = store.state().messages.at(-1)?.id ?? 0;
  return async () => {
    if (deeds.length === 0) return;
    io.note(`Waiting for: ${deeds.map(({ text }) => safe(text)).join("; ")}. Ctrl-C does not wait.`);
    const urged = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    await Promise.race([Promise.all(deeds.map(({ ended }) => ended)), urged]);
    for (const { id, text } of store.state().messages) if (id > told) io.note(safe(text));
  };
}

/** Hands out Ink's way to lend the terminal, which is a hook. */
function Suspendable({ onMount, ...props }: AppProps & { onMount(suspend: Suspend): void }): ReactElement {
  const { suspendTerminal } = useApp();
  useEffect(() => onMount((work) => suspendTerminal(work)), [onMount, suspendTerminal]);
  return <App {...props} />;
}
