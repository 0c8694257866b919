import { expect, it } from "vitest";
import type { IOStreams } from "../../../src/lib/cli/streams.ts";
import { watch } from "../../../src/lib/cli/watch.ts";

/** What is written at the first look, without control sequences. */
async function shown(text: string, rows: number): Promise<string[]> {
  const stop = new AbortController();
  let written = "";
  const write = (part: string) => {
    written += part;
    if (part.includes("\n")) stop.abort();
  };
  const io = { stdout: { isTTY: true, stream: { rows, write } } } as unknown as IOStreams;
  const look = async () => text;
  await watch({ io, everyMs: 60_000, signal: stop.signal, look, onError: String });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is to be taken out.
  return written.replace(/\u001B\[[0-9]*[A-Z]/g, "").split("\n");
}

it("shows as many rows as the screen has, the first of them, and how many more there are", async () => {
  const rows = ["HEADER", "one", "two", "three", "four"];
  expect(await shown(rows.join("\n"), 6)).toEqual([...rows, ""]);
  expect(await shown(rows.join("\n"), 5)).toEqual(["HEADER", "one", "two", "... 2 more", ""]);
});
