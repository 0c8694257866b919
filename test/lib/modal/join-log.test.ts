import { describe, expect, it } from "vitest";
import { joinLive } from "../../../src/lib/modal/join-log.ts";

const starting = '##[modal-gha]{"at":"2026-03-01T12:00:00Z","event":"starting","runner":"cpu-1"}';

/** What is shown of the live lines, and whether a gap was told of. */
async function join(stored: string[], live: string[]): Promise<[lines: string[], gaps: number]> {
  let gaps = 0;
  const lines: string[] = [];
  const stream = async function* () {
    for (const text of live) yield { text, at: "" };
  };
  for await (const { text } of joinLive(stored, stream(), () => void gaps++)) lines.push(text);
  return [lines, gaps];
}

describe("a Sandbox's live output after what is stored of it", () => {
  it.each([
    ["begins where the stored one does", [starting, "a", "b"], [starting, "a", "b", "c"], ["c"], 0],
    ["is behind it", [starting, "a", "b", "c"], [starting, "a", "b"], [], 0],
    ["has nothing new", [starting, "a"], [starting, "a"], [], 0],
    ["is all there is", [], [starting, "a"], [starting, "a"], 0],
    ["has lost its beginning", [starting, "a", "b", "c"], ["b", "c", "d", "e"], ["d", "e"], 0],
    ["begins within a line", [starting, "abc", "def"], ["bc", "def", "g"], ["g"], 0],
    ["begins within a character", [starting, "añb", "c"], ["\uFFFDb", "c", "d"], ["d"], 0],
    ["begins with a line that there is more than once", [starting, ".", "a", ".", "b"], [".", "b", "c"], ["c"], 0],
    ["begins like an earlier part", [starting, "a", "b", "a", "b"], ["a", "b", "c"], ["c"], 0],
    ["repeats itself", [starting, ".", ".", "."], [".", ".", ".", "."], ["."], 0],
    ["does not reach back to it", [starting, "a"], ["x", "y"], ["x", "y"], 1],
    ["has lost its beginning, and nothing is stored", [], ["x", "y"], ["x", "y"], 1],
    ["ends before that shows", [starting, "a", "b"], ["a"], ["a"], 1],
  ])("%s", async (_, stored, live, lines, gaps) => {
    expect(await join(stored, live)).toEqual([lines, gaps]);
  });

  it("is found in a log of lines that are all alike, without comparing each with each", async () => {
    const dots = Array<string>(200_000).fill(".");
    const [lines, gaps] = await join([starting, ...dots], [...dots.slice(1000), "end"]);
    expect([lines.at(-1), gaps]).toEqual(["end", 0]);
  });
});
