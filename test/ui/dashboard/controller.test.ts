// What keys do to the fleet, and what comes of it while the operator does something else.
import { describe, expect, it } from "vitest";
import type { DashboardSource } from "../../../src/lib/dashboard/source.ts";
import type { ReconciledItem } from "../../../src/lib/operations/reconcile-fleet.ts";
import { createController } from "../../../src/ui/dashboard/controller.ts";
import type { DashboardState } from "../../../src/ui/dashboard/state.ts";
import { createStore } from "../../../src/ui/dashboard/store.ts";
import { largeFleet } from "../../bench/large-fleet.ts";
import { now, runner, turns, withRunners } from "./examples.ts";

function driven(changes: Partial<DashboardSource> = {}, state: DashboardState = withRunners([runner("cpu-1")])) {
  const store = createStore(state);
  const killed: [string, number | null][] = [];
  const source: DashboardSource = {
    ...largeFleet(0, () => now),
    async kill(name, agreedJob) {
      killed.push([name, agreedJob]);
      return { runner: name, sandboxId: "sb-1", job: agreedJob, result: "interrupted" };
    },
    ...changes,
  };
  const shell = Promise.withResolvers<void>();
  const controller = createController({
    store,
    source,
    feeds: { refresh: () => undefined },
    signal: new AbortController().signal,
    shell: () => shell.promise,
    leave: () => undefined,
    write: () => undefined,
    now: () => now,
  });
  const last = () => store.state().messages.at(-1)?.text;
  return {
    store,
    killed,
    last,
    endShell: shell.resolve,
    type: (...keys: string[]) => controller.onKeys(keys),
    controller,
  };
}

const item: ReconciledItem = { reason: "spawn", detail: "job 1", done: null } as never;

describe("what would be mended", () => {
  const looking = () => {
    const preview = Promise.withResolvers<ReconciledItem[]>();
    const dashboard = driven({ reconcile: () => preview.promise });
    dashboard.type("ctrl+r");
    return { ...dashboard, preview };
  };

  it("is asked about where nothing else has the keys", async () => {
    const { store, preview } = looking();
    preview.resolve([item]);
    await turns();
    expect(store.state().confirmation).toMatchObject({ deed: { kind: "reconcile" } });
  });

  it.each([
    ["types a filter", ["/"]],
    ["is asked something else", ["x"]],
    ["reads the help", ["?"]],
    ["is in a shell", ["s"]],
  ])("is only told of where the operator %s meanwhile", async (_, keys) => {
    const { store, preview, last, type } = looking();
    type(...keys);
    const before = store.state().confirmation;
    preview.resolve([item, item]);
    await turns();
    expect(store.state().confirmation).toBe(before);
    expect(last()).toBe("2 things to mend; ^R shows them.");
  });
});

describe("text that is pasted", () => {
  it("is no keys, and goes only to what is typed", () => {
    const { store, killed, type, controller } = driven();
    controller.onPaste("xy");
    expect([store.state().confirmation, killed]).toEqual([undefined, []]);
    type("/");
    controller.onPaste("cpu-1\r\nand \u001B[31mmore\r\n");
    expect(store.state().typing?.text).toBe("cpu-1 and more");
  });

  it("answers no question that it asked, where the terminal does not tell it from keys", () => {
    const { store, killed, type } = driven();
    type("x", "y", "q");
    expect([store.state().confirmation?.deed.kind, killed]).toEqual(["kill", []]);
    type("y");
    expect([store.state().confirmation, killed]).toEqual([undefined, [["cpu-1", 42]]]);
  });
});
