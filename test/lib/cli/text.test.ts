import { describe, expect, it } from "vitest";
import { wrapText } from "../../../src/lib/cli/text.ts";

describe("wrapping text", () => {
  it("breaks between words, counts columns as they are drawn, and leaves a word alone that is too long", () => {
    expect(wrapText("one two three", 7)).toEqual(["one two", "three"]);
    expect(wrapText("日本 日本 x", 9)).toEqual(["日本 日本", "x"]);
    expect(wrapText("a https://github.com/acme b", 5)).toEqual(["a", "https://github.com/acme", "b"]);
    expect(wrapText("", 5)).toEqual([""]);
    expect(wrapText("no end", Number.POSITIVE_INFINITY)).toEqual(["no end"]);
  });
});
