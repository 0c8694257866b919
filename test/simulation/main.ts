// `npm run simulate`: the real fleet against models of GitHub and Modal, in virtual time, with faults. What it prints
// depends on its arguments alone.
import { parseArgs } from "node:util";
import { callsOf } from "./budget.ts";
import { faultNames, faults, readFaults } from "./faults.ts";
import { type GuardName, guardNames } from "./guards.ts";
import { invariantNames } from "./invariants.ts";
import { shrink } from "./shrink.ts";
import { type Configuration, type Result, simulate } from "./simulation.ts";
import { clockTime } from "./trace.ts";

const usage = `npm run simulate -- [options]
  --seed N|A..B     one seed, or all from A to B (default 1)
  --jobs N          jobs to queue (default 200)
  --hours N         during which they are queued and faults happen (default 2)
  --faults LIST     all (default), none, or names with commas between
  --only LIST       ids of the only jobs to queue
  --without GUARD   takes out one of the fleet's guards: ${guardNames.join(", ")}
  --trace           prints all that happens

Faults:
${faultNames.map((name) => `  ${name.padEnd(21)} ${faults[name].what}`).join("\n")}

Invariants:
${Object.entries(invariantNames)
  .map(([name, what]) => `  ${name.padEnd(15)} ${what}`)
  .join("\n")}
`;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** @throws Error saying which argument is wrong */
function readArguments(
  args: string[],
): { seeds: number[]; configuration: Omit<Configuration, "seed">; isTraced: boolean } | undefined {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: "string", default: "1" },
      jobs: { type: "string", default: "200" },
      hours: { type: "string", default: "2" },
      faults: { type: "string", default: "all" },
      only: { type: "string" },
      without: { type: "string" },
      trace: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const [first, last = first] = values.seed.split("..").map((text) => readNumber("--seed", text, 0));
  const without = guardNames.find((name) => name === values.without);
  if (values.without !== undefined && !without)
    throw new Error(`There is no guard ${values.without}: ${guardNames.join(", ")}.`);
  const only = values.only?.split(",").map((text) => readNumber("--only", text, 0));
  return {
    seeds: Array.from({ length: (last ?? 0) - (first ?? 0) + 1 }, (_, index) => (first ?? 0) + index),
    configuration: {
      jobs: readNumber("--jobs", values.jobs, 1),
      hours: readNumber("--hours", values.hours, 0.01),
      faults: readFaults(values.faults),
      ...(only ? { only } : {}),
      ...(without ? { without: without as GuardName } : {}),
    },
    isTraced: values.trace,
  };
}

function readNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (text === "" || !(value >= least)) throw new Error(`${name}: ${text} is not a number of at least ${least}.`);
  return value;
}

/** The command that runs exactly this. */
function commandFor({ seed, jobs, hours, faults: names, only, without }: Configuration, isWhole: boolean): string {
  const list = names.join() === readFaults("all").join() ? "all" : names.join(",") || "none";
  const more = `${isWhole || !only ? "" : ` --only ${only.join(",")}`}${without ? ` --without ${without}` : ""}`;
  return `npm run simulate -- --seed ${seed} --jobs ${jobs} --hours ${hours} --faults ${list}${more}`;
}

function describe(seed: number, { summary, calls, violation }: Result): string {
  const { jobs = 0, served, sandboxes, p50, p95, longest, delay, twoSandboxes, leftOver, hours = 0 } = summary;
  const perJob = (service: "github" | "modal") => (callsOf(calls, service) / Math.max(1, jobs)).toFixed(1);
  return (
    `seed ${seed}: ${violation ? `VIOLATION of ${violation.invariant}` : "holds"}; ${jobs} jobs, ${served} served, ` +
    `${sandboxes} Sandboxes; waits p50 ${p50} s, p95 ${p95} s, longest ${longest} s; ` +
    `at most ${delay} s late with room, ${twoSandboxes} s with two Sandboxes, ${leftOver} s left over; ` +
    `calls a job: GitHub ${perJob("github")}, Modal ${perJob("modal")}; ` +
    `${calls.get("reconcile") ?? 0} looks in ${hours.toFixed(1)} h`
  );
}

async function explain(configuration: Configuration, { violation, ids }: Result): Promise<void> {
  if (!violation) return;
  const small = await shrink(configuration, ids, violation.invariant);
  const again = await simulate(small, true);
  const found = again.violation ?? violation;
  say(`\n  ${found.invariant}: ${invariantNames[found.invariant]}`);
  say(`  ${clockTime(found.at - again.start)}  ${found.message}\n`);
  for (const line of again.trace.about(found.about, again.start)) say(line);
  const isWhole = small.only?.length === ids.length;
  say(
    `\n  Seed ${configuration.seed}. The smallest that was found: ${small.only?.length} jobs, faults: ${small.faults.join(", ") || "none"}`,
  );
  say(`  ${commandFor(small, isWhole)}`);
  say(`  As it was:\n  ${commandFor(configuration, configuration.only === undefined)}\n`);
}

async function main(): Promise<void> {
  const given = readArguments(process.argv.slice(2));
  if (!given) return say(usage);
  for (const seed of given.seeds) {
    const configuration = { ...given.configuration, seed };
    const result = await simulate(configuration, given.isTraced);
    if (given.isTraced) for (const line of result.trace.about(result.ids, result.start, 1e6)) say(line);
    say(describe(seed, result));
    if (!result.violation) continue;
    process.exitCode = 1;
    await explain(configuration, result);
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(
    `Error: ${error instanceof Error ? error.message : String(error)}\n\nNext:\n  npm run simulate -- --help\n`,
  );
  process.exitCode = 2;
}
