import { describe, expect, it } from "vitest";
import { type Column, renderTable } from "../../../src/lib/cli/table.ts";
import { displayWidth, plainText, truncate } from "../../../src/lib/cli/text.ts";
import { testStreams } from "./test-streams.ts";

interface Row {
  name: string;
  state: string;
  cost: number;
}
const columns: Column<Row>[] = [
  {
    header: "STATE",
    value: (r) => r.state,
    short: (r) => (r.state === "running" ? "●" : "○"),
    colour: (r, c) => (r.state === "running" ? c.green : c.dim),
  },
  { header: "NAME", value: (r) => r.name, shrinks: true },
  { header: "COST", value: (r) => r.cost.toFixed(2), align: "right" },
];
const rows: Row[] = [
  { name: "build (ubuntu, 22)", state: "running", cost: 1.5 },
  { name: "test", state: "queued", cost: 12 },
];

describe("renderTable", () => {
  it("writes full words between tabs, and no header, to a pipe", () => {
    expect(renderTable(rows, columns, testStreams().stdout)).toBe(
      "running\tbuild (ubuntu, 22)\t1.50\nqueued\ttest\t12.00",
    );
  });

  it("aligns columns on a terminal", () => {
    expect(renderTable(rows, columns, testStreams({ isTTY: true }).stdout)).toBe(
      ["STATE  NAME                 COST", "●      build (ubuntu, 22)   1.50", "○      test                12.00"].join(
        "\n",
      ),
    );
  });

  it("cuts what may be cut to the terminal's width, and nothing else", () => {
    const lines = renderTable(rows, columns, testStreams({ isTTY: true, width: 26 }).stdout).split("\n");
    expect(lines).toEqual(["STATE  NAME           COST", "●      build (ubun…   1.50", "○      test          12.00"]);
    expect(renderTable(rows, columns, testStreams({ isTTY: true, width: 5 }).stdout)).toContain("12.00");
  });

  it("leaves out what can be spared before anything is cut, the last first, and only on a terminal", () => {
    const spare: Column<Row>[] = [
      ...columns,
      { header: "SPARE", value: () => "some twenty columns.", spare: true },
      { header: "MORE", value: () => "some twenty columns.", spare: true },
    ];
    const headers = (width: number) =>
      renderTable(rows, spare, testStreams({ isTTY: true, width }).stdout)
        .split("\n")[0]
        ?.split(/\s+/);
    expect(headers(80)).toEqual(["STATE", "NAME", "COST", "SPARE", "MORE"]);
    expect(headers(60)).toEqual(["STATE", "NAME", "COST", "SPARE"]);
    expect(headers(40)).toEqual(["STATE", "NAME", "COST"]);
    expect(renderTable(rows, spare, testStreams().stdout)).toContain("1.50\tsome twenty columns.\tsome twenty");
  });

  it("colours without shifting columns", () => {
    const plain = renderTable(rows, columns, testStreams({ isTTY: true }).stdout);
    const io = testStreams({ isTTY: true, env: { FORCE_COLOR: "1" } });
    const coloured = renderTable(rows, columns, io.stdout);
    expect(coloured).toContain("\u001b[32m●\u001b[39m");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: taking colours away is what is wanted
    expect(coloured.replaceAll(/\u001b\[\d+m/g, "")).toBe(plain);
  });

  it("keeps a cell on its line and its escape sequences out", () => {
    const evil = [{ name: "a\tb\nc\u001b[31mred\u001b]0;title\u0007\u202Ex", state: "queued", cost: 0 }];
    expect(renderTable(evil, columns, testStreams().stdout)).toBe("queued\ta b credx\t0.00");
  });

  it("is empty for no rows", () => {
    expect(renderTable([], columns, testStreams({ isTTY: true }).stdout)).toBe("");
  });
});

describe("text", () => {
  it("is measured as it is drawn", () => {
    expect(["abc", "日本", "🚀 go", "e\u0301", "👩‍💻"].map(displayWidth)).toEqual([3, 4, 5, 1, 2]);
  });

  it("is cut between characters", () => {
    expect([truncate("abcdef", 4), truncate("日本語", 5), truncate("abc", 3)]).toEqual(["abc…", "日本…", "abc"]);
  });

  it("holds no control characters after plainText", () => {
    expect(plainText("a\u0000b\u009b31mc\r\nd")).toBe("abc d");
  });
});
