// What keys do to the fleet, and what comes of it while the operator does something else.
import { stripVTControlCharacters } from "node:util";
import { renderToString } from "ink";
import { describe, expect, it } from "vitest";
import { AbortError } from "../../../src/lib/cli/errors.ts";
import type { DashboardSource } from "../../../src/lib/dashboard/source.ts";
import type { ReconciledItem } from "../../../src/lib/operations/reconcile-fleet.ts";
import { Screen } from "../../../src/ui/dashboard/app.tsx";
import { createController } from "../../../src/ui/dashboard/controller.ts";
import type { DashboardState } from "../../../src/ui/dashboard/state.ts";
import { createStore } from "../../../src/ui/dashboard/store.ts";
import { createPalette } from "../../../src/ui/palette.ts";
import { largeFleet } from "../../bench/large-fleet.ts";
import { now, runner, turns, withRunners } from "./examples.ts";

function driven(changes: Partial<DashboardSource> = {}, state: DashboardState = withRunners([runner("cpu-1")])) {
  const store = createStore(state);
  const killed: [string, number | null][] = [];
  const source: DashboardSource = {
    ...largeFleet(0, () => now),
    async kill(name, agreedJob) {
      killed.push([name, agreedJob]);
      return { runner: name, sandboxId: "sb-1", job: agreedJob, result: "interrupted", detail: null };
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

describe("ending a runner", () => {
  it("asks again, about the job that it runs by now, and ends it after another yes", async () => {
    const agreed: (number | null)[] = [];
    const { store, type, last } = driven({
      async kill(name, agreedJob) {
        agreed.push(agreedJob);
        return agreedJob === 43
          ? { runner: name, sandboxId: "sb-1", job: 43, result: "interrupted", detail: null }
          : { result: "other-job", runner: name, job: 43, repository: "acme/web" };
      },
    });
    type("x");
    expect(store.state().confirmation?.lines[0]).toContain("job 42 of acme/app");
    type("y");
    await turns();
    expect(store.state().confirmation?.lines[0]).toContain("It runs job 43 of acme/web");
    type("y");
    await turns();
    expect([agreed, last()]).toEqual([[42, 43], "cpu-1: ended; its job was interrupted"]);
  });

  it("does not ask again while something else has the keys, and says what keeps it", async () => {
    const kill: DashboardSource["kill"] = async (name) => ({
      result: "other-job",
      runner: name,
      job: 0,
      repository: null,
    });
    const { store, type, last } = driven({ kill });
    type("x");
    type("y", "?");
    await turns();
    expect(store.state().confirmation).toBeUndefined();
    expect(last()).toBe("Kept cpu-1: it runs a job that GitHub does not show yet by now.");
  });

  it("asks nobody who has left, and is told to those who leave as under way", async () => {
    const kill: DashboardSource["kill"] = async (name) => ({
      result: "other-job",
      runner: name,
      job: 43,
      repository: null,
    });
    const { store, type, last, controller } = driven({ kill });
    type("x");
    type("y");
    const [deed, ...others] = controller.close();
    expect([deed?.text, others]).toEqual(["ending cpu-1", []]);
    await deed?.ended;
    expect(store.state().confirmation).toBeUndefined();
    expect(last()).toBe("Kept cpu-1: it runs job 43 by now.");
    expect(controller.close()).toEqual([]);
  });

  it("names no job that GitHub does not show, and agrees to that", async () => {
    const unseen = runner("cpu-1", { job: 0, run: null, repository: null });
    const { store, killed, type, last } = driven({}, withRunners([unseen]));
    type("l");
    expect(last()).toBe("cpu-1: GitHub does not show yet which job it runs.");
    type("x");
    expect(store.state().confirmation?.lines[0]).toMatch(/^It runs a job that GitHub does not show yet, /);
    type("y");
    expect(killed).toEqual([["cpu-1", 0]]);
  });
});

describe("the log of a runner", () => {
  it("is that of the job that it runs, by the job's address", async () => {
    const opened: string[] = [];
    const { type } = driven({
      // biome-ignore lint/correctness/useYield: it has no lines.
      log: async function* (reference) {
        opened.push(reference);
      },
    });
    type("l");
    await turns();
    expect(opened).toEqual(["https://github.com/acme/app/actions/runs/7/job/42"]);
  });

  it("says why it broke off, also below lines that came", async () => {
    const { store, type, last } = driven({
      log: async function* () {
        yield { text: "a line" };
        throw new AbortError("Modal could not be reached.");
      },
    });
    type("l");
    await turns();
    expect(last()).toBe("The log of job 42 of acme/app on cpu-1: Modal could not be reached.");
    const screen = <Screen state={store.state()} palette={createPalette(false)} />;
    const [, , , title] = stripVTControlCharacters(renderToString(screen, { columns: 100 })).split("\n");
    expect(title).toMatch(/^ job 42.* {2}✗ failed: Modal could not be reached\. {2}/);
    expect(store.state().log?.lines).toHaveLength(1);
  });
});
