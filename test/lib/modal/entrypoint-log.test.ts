import { describe, expect, it } from "vitest";
import { parseLogLine, toLines } from "../../../src/lib/modal/entrypoint-log.ts";

describe("parseLogLine", () => {
  it("tells control lines from the job's own", () => {
    const at = "2026-01-01T00:00:00Z";
    expect(parseLogLine(`##[modal-gha]{"at":"${at}","event":"step","name":"Build"}`)).toEqual({
      event: "step",
      at,
      name: "Build",
    });
    const exit = { event: "exit", at, reason: "job-completed", result: "Succeeded", code: 0 };
    expect(parseLogLine(`##[modal-gha]${JSON.stringify(exit)}`)).toEqual(exit);
    expect(parseLogLine("hello")).toEqual({ event: "output", text: "hello" });
  });

  it.each(['##[modal-gha]{"at":"x","event":"unheard-of"}', "##[modal-gha]{cut o", " ##[modal-gha]{}", "##[modal-gha]"])(
    "passes %j on as output",
    (line) => {
      expect(parseLogLine(line)).toEqual({ event: "output", text: line });
    },
  );
});

describe("toLines", () => {
  async function* chunks(...texts: string[]) {
    for (const [index, text] of texts.entries()) yield { text, at: `time ${index}` };
  }

  it.each([
    [
      ["a\nb", "c\n"],
      ["a", "bc"],
    ],
    [
      ["a\r\nb\r", "\nc"],
      ["a", "b", "c"],
    ],
    [["\n\n"], ["", ""]],
    [[], []],
  ])("%j -> %j", async (given, expected) => {
    const lines = await Array.fromAsync(toLines(chunks(...given)));
    expect(lines.map(({ text }) => text)).toEqual(expected);
  });

  it("gives a line the time of its end", async () => {
    const lines = await Array.fromAsync(toLines(chunks("a\nb", "c\n", "d")));
    expect(lines).toEqual([
      { text: "a", at: "time 0" },
      { text: "bc", at: "time 1" },
      { text: "d", at: "time 2" },
    ]);
  });
});
