// Measurements, for whoever wants to know whether a change made something slower: `npm run bench -- <name>`. Each is a
// ratio to something that anybody can run, measured in the same minute, since machines differ.
import { benchDashboard } from "./dashboard.ts";
import { benchLogs } from "./logs.ts";

const benches: Readonly<Record<string, (write: (line: string) => void) => Promise<boolean>>> = {
  dashboard: benchDashboard,
  logs: benchLogs,
};

const write = (line: string) => void process.stdout.write(`${line}\n`);
const names = process.argv.slice(2);
const unknown = names.filter((name) => !(name in benches));
if (unknown.length > 0) {
  process.stderr.write(`There is no benchmark ${unknown.join(", ")}; there are: ${Object.keys(benches).join(", ")}\n`);
  process.exit(2);
}
for (const name of names.length > 0 ? names : Object.keys(benches)) {
  if (!(await benches[name]?.(write))) process.exitCode = 1;
}
