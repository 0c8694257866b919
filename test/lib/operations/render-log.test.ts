import { describe, expect, it } from "vitest";
import { createColours } from "../../../src/lib/cli/colours.ts";
import type { LogEvent } from "../../../src/lib/modal/entrypoint-log.ts";
import { renderLogEvent } from "../../../src/lib/operations/render-log.ts";

const at = "2026-01-01T00:00:00Z";
const plain = createColours(false);
const coloured = createColours(true);
const output = (text: string): LogEvent => ({ event: "output", text });

describe("renderLogEvent", () => {
  it.each<[string, LogEvent, string | undefined]>([
    ["a line as it is", output("  hello\tyou "), "  hello\tyou "],
    ["a group's title", output("##[group]Run make"), "Run make"],
    ["no group's end", output("##[endgroup]"), undefined],
    [
      "an error without its marker",
      output("##[error]Process completed with exit code 1."),
      "Process completed with exit code 1.",
    ],
    ["an unknown marker as it is", output("##[other]x"), "##[other]x"],
    ["a step", { event: "step", at, name: "Build" }, "▸ Build"],
    ["no word of a step that went well", { event: "step-result", at, name: "Build", result: "Succeeded" }, undefined],
    ["a skipped step", { event: "step-result", at, name: "Build", result: "Skipped" }, "  skipped"],
    ["a failed step", { event: "step-result", at, name: "Build", result: "Failed" }, "✗ Build: failed"],
    ["no word of a runner that did its job", { event: "exit", at, reason: "job-completed", code: 0 }, undefined],
    ["why a runner ended otherwise", { event: "exit", at, reason: "idle", code: 0 }, "runner ended: idle"],
  ])("shows %s", (_, event, expected) => {
    expect(renderLogEvent(event, plain)).toBe(expected);
  });

  it("lets no job drive the terminal", () => {
    const hostile = "\u001b]0;owned\u0007\u001b[2J\u001b[31mred\u001b[1Aup\u009b6nback\u202e";
    expect(renderLogEvent(output(hostile), plain)).toBe("redupback");
    expect(renderLogEvent(output(hostile), coloured)).toBe("\u001b[31mredupback\u001b[0m");
    expect(renderLogEvent({ event: "step", at, name: "a\u001b[2Jb\nc" }, plain)).toBe("▸ ab c");
  });
});
