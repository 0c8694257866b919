// What is shown of the dashboard: the pictures of the docs, and one of everything at three sizes.

export interface Scene {
  name: string;
  columns: number;
  rows: number;
  /** What is typed, and what the screen has to show before it goes on. */
  steps: readonly (readonly [keys: string, until: RegExp])[];
  /** A fleet with jobs where nothing is said; `large` has 1,000 runners. */
  fleet?: "empty" | "large";
  options?: readonly string[];
  /** Which service is cut off once the steps are done, and what the screen has to show then. */
  outage?: { of: Service; until: RegExp };
}

export type Service = "GitHub" | "Modal";

const enter = "\r";

/** Those that the docs show. */
export const shown: readonly Scene[] = [
  { name: "jobs", columns: 150, rows: 20, steps: [["2", /no-pool-matches[\s\S]*failure[\s\S]*success/]] },
  {
    name: "explain",
    columns: 160,
    rows: 46,
    steps: [
      ["2", /pool-at-cap/],
      ["/capacity\r", /1\/1/],
      [enter, /What will happen/],
      [`/\u0015${enter}`, /unit/],
    ],
  },
  {
    name: "logs",
    columns: 120,
    rows: 24,
    steps: [
      ["2", /train/],
      ["/running train\r", /\/running train/],
      ["l", /epoch +\d+\/900/],
      ["", /( epoch.*\n){6}/],
    ],
  },
];

/** For whoever changes how something looks. */
export const everything: readonly Scene[] = [
  [80, 24],
  [120, 40],
  [200, 60],
].flatMap(([columns = 0, rows = 0]) => {
  const scene = (name: string, ...steps: Scene["steps"]): Scene => ({
    name: `${name}-${columns}x${rows}`,
    columns,
    rows,
    steps,
  });
  const outage = (of: Service): Scene => ({
    ...scene(`${of.toLowerCase()}-down`, ["", /busy/]),
    outage: { of, until: new RegExp(`✗ ${of} down`) },
  });
  return [
    scene("runners", ["o", /by state/]),
    scene("filter", ["/h100", /Filter: h100/]),
    scene("jobs", ["2", /pool-at-cap/]),
    scene("detail", ["2", /pool-at-cap/], ["/capacity\r", /1\/1/], [enter, /What happened/]),
    scene("deliveries", ["3", /workflow_job/]),
    scene("usage", ["4", /RUNNERS|MINUTES/], ["u", /by pool/]),
    scene("logs", ["2", /train/], ["/running train\r", /\/running train/], ["l", /epoch +\d+\/900/]),
    scene("kill", ["", /busy/], ["/h100\r", /\d\/3 /], ["x", /End gpu/]),
    scene("help", ["?", /Next row/]),
    scene("messages", ["", /busy/], ["c", /opied/], ["m", /esc back/]),
    { ...scene("read-only", ["", /read-only[\s\S]*busy/]), options: ["--read-only"] },
    outage("GitHub"),
    outage("Modal"),
    { ...scene("empty", ["", /no runner/i]), fleet: "empty" },
    { ...scene("large", ["G", /1000\/1000/]), fleet: "large" },
  ];
});
