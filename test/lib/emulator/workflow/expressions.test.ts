import { describe, expect, test } from "vitest";
import type { ContextData, TemplateToken } from "../../../../src/lib/emulator/runner-protocol.ts";
import { contextText, fromContextData, toContextData } from "../../../../src/lib/emulator/workflow/context-data.ts";
import {
  ExpressionError,
  evaluateBoolean,
  evaluateCondition,
  evaluateExpression,
  evaluateMapping,
  evaluateNumber,
  evaluateText,
  evaluateToken,
  type Scope,
} from "../../../../src/lib/emulator/workflow/expressions.ts";

const scope: Scope = {
  contexts: {
    github: toContextData({
      ref: "refs/heads/main",
      event: { issue: { labels: [{ name: "bug" }, { name: "gpu" }], number: 7 }, draft: false },
    }),
    env: toContextData({ EMPTY: "", ZERO: "0", WORD: "it's" }),
    matrix: toContextData({ os: ["linux", "mac"], nested: { deep: { value: 1.5 } } }),
  },
  functions: {
    success: () => true,
    failure: () => false,
    always: () => true,
    cancelled: () => false,
    hashFiles: (args) => args.map(contextText).join("+"),
  },
};

describe("values of expressions", () => {
  test.each<[string, unknown]>([
    ["github.ref", "refs/heads/main"],
    ["GitHub.Ref", "refs/heads/main"],
    ["github['ref']", "refs/heads/main"],
    ["matrix.nested.deep.value", 1.5],
    ["matrix.os[1]", "mac"],
    // What is missing is null, however far down, in a known context that holds nothing too.
    ["github.nothing", null],
    ["github.nothing.at.all", null],
    ["matrix.os[9]", null],
    ["steps.first.outputs.value", null],
    ["matrix.os", ["linux", "mac"]],
    ["github.event.issue.labels.*.name", ["bug", "gpu"]],
    ["contains(github.event.issue.labels.*.name, 'GPU')", true],
    ["contains('Hello world', 'LLO')", true],
    // Text is compared without regard to case, numbers with text that reads as one.
    ["'ABC' == 'abc'", true],
    ["'1' == 1", true],
    ["null == 0", true],
    ["true == 1", true],
    ["'' == 0", true],
    ["'a' == 0", false],
    ["env.ZERO && 'yes' || 'no'", "yes"],
    ["env.EMPTY && 'yes' || 'no'", "no"],
    ["0 || null || 'last'", "last"],
    ["!github.event.draft", true],
    ["3 > 2 && 2 >= 2", true],
    ["'b' > 'A'", true],
    ["0x10", 16],
    ["-1.5e1", -15],
    ["'it''s'", "it's"],
    ["'it''''s ''quoted'''", "it''s 'quoted'"],
    ["format('{0} {{0}} {1}', 'a', 2)", "a {0} 2"],
    ["join(matrix.os, '-')", "linux-mac"],
    ["join(matrix.os)", "linux,mac"],
    ["startsWith(github.ref, 'REFS/heads')", true],
    ["endsWith(github.ref, 'MAIN')", true],
    ["toJSON(matrix.nested)", '{\n  "deep": {\n    "value": 1.5\n  }\n}'],
    ["fromJSON('[1, {\"a\": null}]')", [1, { a: null }]],
    ["fromJSON('true')", true],
    ["case(github.event.draft, 'draft', env.ZERO == 0, 'zero', 'none')", "zero"],
    ["hashFiles('a', 'b')", "a+b"],
    ["SUCCESS() && !Cancelled()", true],
    ["", null],
  ])("%s", (expression, value) => {
    expect(fromContextData(evaluateExpression(expression, scope))).toEqual(value);
  });

  test.each([
    ["github.ref ==", "Unexpected end of expression"],
    ["github ref", "Unexpected symbol: 'ref'"],
    ["gihtub.ref", "Unrecognized named-value: 'gihtub'"],
    ["upper('a')", "Unrecognized function: 'upper'"],
    ["startsWith('a')", "Too few parameters supplied"],
    ["always(1)", "Too many parameters supplied"],
    ["hashFiles()", "Too few parameters supplied"],
    ["fromJSON('{')", "Error parsing JSON"],
    ['"double"', "Unexpected symbol"],
  ])("%s is an error that quotes it", (expression, problem) => {
    const evaluate = () => evaluateExpression(expression, scope);
    expect(evaluate).toThrow(ExpressionError);
    expect(evaluate).toThrow(problem);
    expect(evaluate).toThrow(expression);
  });

  test("a status function that the place does not allow is an error", () => {
    expect(() => evaluateExpression("success()", { contexts: {} })).toThrow("Unrecognized function: 'success'");
  });
});

describe("conditions", () => {
  test.each<[string, boolean]>([
    ["success() && (github.ref == 'refs/heads/main')", true],
    ["failure()", false],
    ["'false'", true],
    ["''", false],
    ["null", false],
    ["0", false],
    ["matrix", true],
    ["secrets", false],
  ])("%s is %s", (condition, truth) => {
    expect(evaluateCondition(condition, scope)).toBe(truth);
  });
});

describe("tokens", () => {
  const expr = (text: string): TemplateToken => ({ type: 3, expr: text });

  test.each<[string, TemplateToken, unknown]>([
    ["literals as themselves", { type: 1, seq: ["a", 1, true, null] }, ["a", 1, true, null]],
    [
      "literals as objects",
      { type: 1, seq: [{ type: 0, lit: "a" }, { type: 6, num: 1 }, { type: 5, bool: true }, { type: 7 }] },
      ["a", 1, true, null],
    ],
    [
      "an item that is an array is spliced in",
      { type: 1, seq: ["x", expr("matrix.os"), "y"] },
      ["x", "linux", "mac", "y"],
    ],
    [
      "keys may be expressions",
      { type: 2, map: [{ Key: expr("format('k{0}', 1)"), Value: { type: 1, seq: [expr("1 == 1")] } }] },
      { k1: [true] },
    ],
    [
      "insert merges a mapping in its place",
      {
        type: 2,
        map: [
          { Key: "first", Value: 1 },
          { Key: { type: 4, directive: "insert" }, Value: expr("matrix.nested") },
          { Key: "last", Value: 2 },
        ],
      },
      { first: 1, deep: { value: 1.5 }, last: 2 },
    ],
  ])("%s", (_name, token, value) => {
    expect(fromContextData(evaluateToken(token, scope))).toEqual(value);
  });

  test("inserted keys come where the directive stands, and may not repeat others", () => {
    const map = [
      { Key: { type: 4 as const, directive: "insert" as const }, Value: expr("matrix.nested") },
      { Key: "a", Value: 1 },
    ];
    expect(evaluateToken({ type: 2, map }, scope)).toMatchObject({ d: [{ k: "deep" }, { k: "a" }] });
    const repeated = [...map, { Key: "Deep", Value: 2 }];
    expect(() => evaluateToken({ type: 2, map: repeated }, scope)).toThrow("'Deep' is already defined");
  });

  test.each<[TemplateToken | undefined, string]>([
    [undefined, ""],
    [null, ""],
    [expr("github.nothing"), ""],
    [expr("true"), "true"],
    [expr("1.10"), "1.1"],
    [expr("1e3"), "1000"],
    [expr("matrix"), "Object"],
    [expr("matrix.os"), "Array"],
  ])("text of %j is %j", (token, text) => {
    expect(evaluateText(token, scope)).toBe(text);
  });

  test("a mapping to text keeps the order of the file", () => {
    const token: TemplateToken = {
      type: 2,
      map: [
        { Key: "B", Value: expr("env.WORD") },
        { Key: "A", Value: 5 },
        { Key: "C", Value: null },
      ],
    };
    expect([...evaluateMapping(token, scope)]).toEqual([
      ["B", "it's"],
      ["A", "5"],
      ["C", ""],
    ]);
    expect(evaluateMapping(undefined, scope).size).toBe(0);
    expect(evaluateMapping(expr("github.nothing"), scope).size).toBe(0);
    expect([...evaluateMapping(expr("fromJSON('{\"a\": 1}')"), scope)]).toEqual([["a", "1"]]);
  });

  test("a mapping to text refuses what is none, and values that are no scalars", () => {
    expect(() => evaluateMapping(expr("'text'"), scope)).toThrow("A mapping was expected");
    expect(() => evaluateMapping(expr("matrix"), scope)).toThrow("A scalar was expected for 'os'");
  });

  test("booleans and numbers are taken as such alone", () => {
    expect(evaluateBoolean(expr("1 == 1"), scope, false)).toBe(true);
    expect(evaluateBoolean(undefined, scope, true)).toBe(true);
    expect(() => evaluateBoolean("true", scope, false)).toThrow("A boolean was expected");
    expect(evaluateNumber(expr("fromJSON('5')"), scope, 1)).toBe(5);
    expect(evaluateNumber(null, scope, 1)).toBe(1);
    expect(() => evaluateNumber(expr("'5'"), scope, 1)).toThrow("A number was expected");
  });
});

describe("context data", () => {
  test("plain values go there and back", () => {
    const value = { text: "a", number: 1, flag: false, none: null, list: [1, [2]], nested: { a: {} } };
    expect(fromContextData(toContextData(value))).toEqual(value);
    expect(toContextData({ a: [1] })).toEqual<ContextData>({ t: 2, d: [{ k: "a", v: { t: 1, a: [1] } }] });
  });

  test("undefined members are left out and functions refused", () => {
    expect(toContextData({ a: undefined, b: [undefined] })).toEqual({ t: 2, d: [{ k: "b", v: { t: 1, a: [null] } }] });
    expect(() => toContextData({ a: () => 1 })).toThrow(TypeError);
  });
});
