// Which module may import which, as data. The checking is in layering.ts.

export interface Rule {
  /** Why, for whoever breaks it. */
  reason: string;
  /** Globs of the modules this is about, from the project's root. */
  of: readonly string[];
  butNot?: readonly string[];
  /** Globs of our modules that they may import; whatever is not named may not. */
  may?: readonly string[];
  /** Globs of our modules that they may import with `import type` only. */
  mayTypes?: readonly string[];
  /** Globs of our modules that they may not import, where the rest is allowed. */
  mayNot?: readonly string[];
  /** The only packages, Node's own included, that they may import, and whatever they import in turn. */
  reachesOnly?: readonly string[];
}

/** The packages that compute without reading or writing anything. */
const purePackages = ["yaml", "zod"];

export const rules: readonly Rule[] = [
  {
    reason: "Decisions and the policy are pure: no I/O, no clock, so that every one can be repeated and explained.",
    of: ["src/lib/fleet/decide*.ts", "src/lib/fleet/{snapshot,reasons}*.ts", "src/lib/policy/**"],
    butNot: ["src/lib/policy/load.ts"],
    reachesOnly: purePackages,
  },
  {
    reason: "The fleet knows jobs, runners and Sandboxes, not how they are reached: I/O comes in through its ports.",
    of: ["src/lib/fleet/**"],
    may: ["src/lib/fleet/**", "src/lib/policy/**"],
  },
  {
    reason: "The policy stands on its own.",
    of: ["src/lib/policy/**"],
    may: ["src/lib/policy/**"],
  },
  {
    reason: "What a dashboard shows and does is what the commands show and do: it has no ways of its own to a fleet.",
    of: ["src/lib/dashboard/**"],
    may: ["src/lib/dashboard/**", "src/lib/{cli,fleet,github,operations,policy}/**"],
    mayTypes: ["src/lib/modal/**"],
  },
  {
    reason: "The user interface shows a fleet, and leaves it to others to fetch and change one.",
    of: ["src/ui/**"],
    may: ["src/ui/**", "src/lib/cli/**", "src/lib/package-root.ts"],
    mayTypes: ["src/lib/fleet/**", "src/lib/operations/**", "src/lib/dashboard/**"],
  },
  {
    reason: "Imports run one way: commands -> ui -> lib.",
    of: ["src/lib/**", "src/cli.ts"],
    mayNot: ["src/commands/**", "src/ui/**"],
  },
  {
    reason: "A command is an end: what two of them share belongs in lib or ui.",
    of: ["src/commands/**", "src/ui/**"],
    mayNot: ["src/commands/**"],
  },
  {
    reason: "Setting up a fleet is one command's business, and doctor's to look at what it has set up.",
    of: ["src/lib/**"],
    butNot: ["src/lib/{init,doctor}/**"],
    mayNot: ["src/lib/init/**"],
  },
  {
    reason: "Completion is quick: it asks Modal at most, never GitHub, and nothing else needs it.",
    of: ["src/lib/completion/**"],
    may: ["src/lib/completion/**", "src/lib/{cli,modal,operations,policy,settings}/**"],
  },
  {
    reason: "The emulator is held to the originals, not to our code, and so may know nothing of it.",
    of: ["src/lib/emulator/**"],
    may: ["src/lib/emulator/**", "src/lib/package-root.ts"],
  },
  {
    reason: "What goes to production must not reach the emulator; only `dev` and `demo` run it.",
    of: ["src/**"],
    butNot: ["src/lib/emulator/**", "src/lib/rehearsal/**", "src/commands/{demo,dev}*", "src/commands/{demo,dev}*/**"],
    mayNot: ["src/lib/emulator/**", "src/lib/rehearsal/**"],
  },
  {
    reason: "What doctor finds is only said: no part of the fleet may come to depend on a diagnosis.",
    of: ["src/**"],
    butNot: ["src/lib/doctor/**", "src/commands/doctor.ts"],
    mayNot: ["src/lib/doctor/**"],
  },
  {
    reason: "What is shipped does not depend on tests and build scripts.",
    of: ["src/**"],
    mayNot: ["test/**", "scripts/**"],
  },
];
