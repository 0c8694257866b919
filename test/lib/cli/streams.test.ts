import { describe, expect, it } from "vitest";
import { decideColour } from "../../../src/lib/cli/streams.ts";
import { testStreams } from "./test-streams.ts";

describe("decideColour", () => {
  it.each([
    ["a terminal", { isTTY: true, env: {} }, true],
    ["a pipe", { isTTY: false, env: {} }, false],
    ["a dumb terminal", { isTTY: true, env: { TERM: "dumb" } }, false],
    ["NO_COLOR", { isTTY: true, env: { NO_COLOR: "1" } }, false],
    ["an empty NO_COLOR", { isTTY: true, env: { NO_COLOR: "" } }, true],
    ["FORCE_COLOR to a pipe", { isTTY: false, env: { FORCE_COLOR: "1" } }, true],
    ["FORCE_COLOR over NO_COLOR, as in Node", { isTTY: false, env: { FORCE_COLOR: "1", NO_COLOR: "1" } }, true],
    ["FORCE_COLOR=0", { isTTY: true, env: { FORCE_COLOR: "0" } }, false],
    ["--no-color over FORCE_COLOR", { isTTY: true, env: { FORCE_COLOR: "1" }, noColor: true }, false],
  ])("%s", (_, options, expected) => {
    expect(decideColour(options)).toBe(expected);
  });
});

describe("streams", () => {
  it("keep results and notes apart", () => {
    const io = testStreams();
    io.out("result");
    io.note("note");
    expect([io.stdoutText, io.stderrText]).toEqual(["result\n", "note\n"]);
  });

  it("know the width of a terminal as it is now, and never cut for a pipe", () => {
    const terminal = testStreams({ isTTY: true, width: 40 });
    terminal.stdout.stream.columns = 30;
    expect(terminal.stdout.width).toBe(30);
    expect(testStreams({ width: 40 }).stdout.width).toBe(Number.POSITIVE_INFINITY);
  });

  it("only ask where somebody can answer", () => {
    expect(testStreams({ isTTY: true }).canPrompt).toBe(true);
    expect(testStreams().canPrompt).toBe(false);
  });
});
