// A dashboard with a fault of the program in it, while a row is drawn or elsewhere; or one in which something never ends.
import { systemClock } from "../../../src/lib/cli/clock.ts";
import { withInterruption } from "../../../src/lib/cli/interrupt.ts";
import { processStreams } from "../../../src/lib/cli/streams.ts";
import type { DashboardSource } from "../../../src/lib/dashboard/source.ts";
import { runDashboard } from "../../../src/ui/dashboard/run.tsx";
import { largeFleet } from "../../bench/large-fleet.ts";

function report(error: unknown): never {
  process.stderr.write(`reported: ${(error as Error).message}\n`);
  process.exit(1);
}
// As the program's entry does.
process.on("uncaughtException", report);

const fleet = largeFleet(3, Date.now);
const faulty: Record<string, Partial<DashboardSource>> = {
  drawing: { runners: () => [{ ...fleet.runners, state: "no state at all" }] as never },
  elsewhere: {
    async deliveries() {
      setTimeout(() => {
        throw new Error("a fault elsewhere");
      });
      return [];
    },
  },
  endless: {
    kill: () => new Promise(() => setInterval(() => undefined, 3_600_000)),
  },
};
await withInterruption(({ signal }) =>
  runDashboard({
    source: { ...fleet, ...faulty[process.argv[2] ?? ""] },
    io: processStreams(),
    clock: systemClock,
    isReadOnly: false,
    refreshMs: 1000,
    signal,
  }),
).catch(report);
