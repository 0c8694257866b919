import { describe, expect, it } from "vitest";
import { noSuchCommand, noSuchFlags } from "../../../src/lib/cli/suggest.ts";

const commands = ["config get", "config set", "deliveries ls", "logs", "runners kill", "runners ls", "spawn", "usage"];

describe("an unknown command", () => {
  it.each([
    ["runners lss", ["modal-gha runners ls", "modal-gha runners --help"]],
    ["runners list", ["modal-gha runners ls", "modal-gha runners --help"]],
    ["runner ls", ["modal-gha runners ls", "modal-gha --help"]],
    ["runnres lsit", ["modal-gha runners --help"]],
    ["conifg get", ["modal-gha config get", "modal-gha --help"]],
    ["config gte", ["modal-gha config get", "modal-gha config --help"]],
    ["runers", ["modal-gha runners --help"]],
    ["log 123", ["modal-gha logs", "modal-gha --help"]],
    ["ls", ["modal-gha deliveries ls", "modal-gha runners ls", "modal-gha --help"]],
    ["kill cpu-1-1-abc", ["modal-gha runners kill", "modal-gha --help"]],
    ["costs", ["modal-gha usage", "modal-gha --help"]],
    ["something else", ["modal-gha --help"]],
  ])("%s leads to what was meant", (typed, nextSteps) => {
    expect(noSuchCommand(typed, commands)).toMatchObject({
      message: `There is no command "${typed}".`,
      nextSteps,
      exitCode: 2,
      code: "usage",
    });
  });

  it("is not one that was given arguments it does not take", () => {
    expect(noSuchCommand("runners ls busy", commands)).toMatchObject({
      message: 'modal-gha runners ls takes no arguments, and was given "busy".',
      nextSteps: ["modal-gha runners ls --help"],
      exitCode: 2,
    });
  });
});

it("an unknown flag leads to the one that was meant", () => {
  expect(noSuchFlags(["--polcy"], "runners ls", ["policy", "pool", "watch"])).toMatchObject({
    message: "modal-gha runners ls has no flag --polcy.",
    nextSteps: ["modal-gha runners ls --policy", "modal-gha runners ls --help"],
    exitCode: 2,
  });
  expect(noSuchFlags(["--wat", "--nope"], "runners ls", ["watch"]).nextSteps).toEqual([
    "modal-gha runners ls --watch",
    "modal-gha runners ls --help",
  ]);
});
