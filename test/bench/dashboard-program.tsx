// The dashboard on a fleet of 1,000 runners that do not exist: each question is answered anew, as by a service.
import { systemClock } from "../../src/lib/cli/clock.ts";
import { processStreams } from "../../src/lib/cli/streams.ts";
import { runDashboard } from "../../src/ui/dashboard/run.tsx";
import { largeFleet } from "./large-fleet.ts";

await runDashboard({
  source: largeFleet(1000, Date.now),
  io: processStreams(),
  clock: systemClock,
  isReadOnly: false,
  refreshMs: 5000,
  signal: new AbortController().signal,
});
