import { describe, expect, it } from "vitest";
import {
  activeBindings,
  bindings,
  type Command,
  contextOf,
  findBinding,
  keyLabel,
} from "../../../src/ui/dashboard/keys.ts";
import { type DashboardState, viewNames } from "../../../src/ui/dashboard/state.ts";
import { emptyState, job, runner, through, withJobs, withRunners } from "./examples.ts";

const states = (isReadOnly: boolean): DashboardState[] => {
  const state = withJobs([job(1)], withRunners([runner("cpu-1")], emptyState({ isReadOnly })));
  const deed = { kind: "reconcile" } as const;
  return [
    ...viewNames.map((view): DashboardState => ({ ...state, view })),
    { ...state, isDetailOpen: true },
    { ...state, isHelpOpen: true },
    { ...state, areMessagesOpen: true },
    through(state, { type: "log-opened", reference: "1", title: "log" }),
    { ...state, typing: { purpose: "filter", text: "x" } },
    { ...state, confirmation: { question: "Sure?", lines: [], deed } },
  ];
};

describe("the registry of keys", () => {
  it("gives each key one meaning at a time", () => {
    for (const state of states(false)) {
      const keys = activeBindings(state).flatMap((binding) => binding.keys);
      expect(keys.toSorted(), contextOf(state)).toEqual([...new Set(keys)].toSorted());
    }
  });

  it("leads out of everything, at last by Ctrl-C", () => {
    for (const state of states(false)) {
      expect(findBinding(state, "ctrl+c")?.command, contextOf(state)).toBe("interrupt");
      const leaves = findBinding(state, "escape")?.command;
      if (contextOf(state) !== "table") expect(["close", "no"], contextOf(state)).toContain(leaves);
    }
  });

  it("binds nothing that changes the fleet where it is read-only", () => {
    const dangerous: Command[] = ["kill", "shell", "spawn", "redeliver", "reconcile"];
    const commands = (isReadOnly: boolean) => bindings({ isReadOnly }).map(({ command }) => command);
    expect(commands(false)).toEqual(expect.arrayContaining(dangerous));
    for (const command of dangerous) expect(commands(true)).not.toContain(command);
    for (const state of states(true)) {
      const found = ["x", "s", "n", "d", "ctrl+r"].map((key) => findBinding(state, key)?.command);
      for (const command of dangerous) expect(found).not.toContain(command);
    }
  });

  it.each<[string, string, Command | undefined]>([
    ["runners", "x", "kill"],
    ["jobs", "x", "kill"],
    ["deliveries", "x", undefined],
    ["jobs", "n", "spawn"],
    ["runners", "n", undefined],
    ["deliveries", "d", "redeliver"],
    ["usage", "u", "group"],
    ["usage", "enter", undefined],
    ["usage", "l", undefined],
  ])("in %s binds %s to %s", (view, key, command) => {
    const state = emptyState({ view: view as DashboardState["view"] });
    expect(findBinding(state, key)?.command).toBe(command);
  });

  it("tells of each in words, and of those that need a yes", () => {
    for (const { help, label, keys } of bindings({ isReadOnly: false })) {
      expect(help, keys.join()).toMatch(/^[A-Z]/);
      expect(label).not.toBe("");
    }
  });

  it.each([
    ["up", "↑"],
    ["ctrl+r", "^R"],
    ["shift+tab", "⇧Tab"],
    [" ", "space"],
    ["x", "x"],
  ])("writes %s as %s", (key, label) => {
    expect(keyLabel(key)).toBe(label);
  });
});
