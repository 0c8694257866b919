import { expect, it } from "vitest";
import { findImports } from "../../scripts/imports.ts";

it("finds imports of every kind, and tells those of types", () => {
  const source = `// import x from "comment"
/* export * from "comment"; */
import a, { type B } from "value";
import type { C } from "types";
import type D from "types";
import type, { e } from "named-type";
import "effect";
export * from "re-export";
export type { G } from "types";
export {
  a,
  b,
} from "./several-lines.ts";
export const x = "no import";
export type V = "x" | "y";
const url = "http://host/*"; const k = await import("dynamic");
type T = import("types").Foo;
type U = typeof import("types");
export const last = 'import("quoted")';
`;
  const found = findImports(source);
  expect(found.filter((i) => !i.typeOnly).map((i) => [i.specifier, i.line])).toEqual([
    ["value", 3],
    ["named-type", 6],
    ["effect", 7],
    ["re-export", 8],
    ["./several-lines.ts", 10],
    ["dynamic", 16],
  ]);
  expect(found.filter((i) => i.typeOnly).map((i) => i.specifier)).toEqual(Array(5).fill("types"));
});
