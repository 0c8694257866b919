import { describe, expect, it } from "vitest";
import { placeColumns, type TableColumn } from "../../../src/ui/components/columns.ts";

interface Row {
  name: string;
  state: string;
  detail: string;
}
const rows: Row[] = [{ name: "a name of twenty one", state: "busy", detail: "something of thirty characters" }];
const columns: TableColumn<Row>[] = [
  { header: "STATE", cell: (row) => row.state, rank: 0 },
  { header: "NAME", cell: (row) => row.name, min: 8, rank: 1 },
  { header: "AGE", cell: () => "", width: 7, rank: 2 },
  { header: "DETAIL", cell: (row) => row.detail, min: 10, rank: 3, grows: true },
];
const placed = (available: number) =>
  placeColumns(columns, rows, available).map(({ column, width }) => [column.header, width]);
const total = (available: number) =>
  placeColumns(columns, rows, available).reduce((sum, { width }) => sum + width + 2, -2);

describe("columns", () => {
  it("have all they need where there is room, and the rest goes to the one that grows", () => {
    expect(placed(100)).toEqual([
      ["STATE", 6],
      ["NAME", 20],
      ["AGE", 7],
      ["DETAIL", 61],
    ]);
  });

  it("are cut evenly down to their least", () => {
    expect(placed(50)).toEqual([
      ["STATE", 6],
      ["NAME", 15],
      ["AGE", 7],
      ["DETAIL", 16],
    ]);
  });

  it("are left out, the least important first", () => {
    expect(placed(30).map(([header]) => header)).toEqual(["STATE", "NAME", "AGE"]);
    expect(placed(18).map(([header]) => header)).toEqual(["STATE", "NAME"]);
    expect(placed(3).map(([header]) => header)).toEqual(["STATE"]);
  });

  it.each([18, 25, 37, 50, 80, 200])("never take more than %i columns", (available) => {
    expect(total(available)).toBeLessThanOrEqual(available);
  });
});
