// Every command with arguments that it takes, and whom it asks: for tests that are about all of them.
import manifest from "../../oclif.manifest.json" with { type: "json" };

/** `needs`: fails without it. `uses`: does what it can without it, and says so. */
export type Dependence = "needs" | "uses" | "ignores";

export interface CommandLine {
  id: string;
  /** A whole command line that is right, but for what it names: no such job, runner or file need exist. */
  args: string[];
  github: Dependence;
  modal: Dependence;
  /** Why it asks neither, or not as others do; given where that is so. */
  why?: string;
  /** Tells what it can where Modal cannot be reached, and ends with this: 0 where GitHub has all of it. */
  outlivesModal?: 0 | 1;
}

const fleet = { github: "needs", modal: "needs" } as const;
const local = (why: string) => ({ github: "ignores", modal: "ignores", why }) as const;

const lines: Record<string, Omit<CommandLine, "id">> = {
  completion: { args: ["bash"], ...local("prints a script") },
  "completion values": { args: ["pools"], ...local("says nothing rather than how it failed; tested with completion") },
  "config diff": { args: [], ...local("asks the controller alone; tested with it") },
  "config fleets": { args: [], ...local("reads the stored settings") },
  "config get": { args: [], ...local("reads the settings") },
  "config path": { args: [], ...local("prints a path") },
  "config set": { args: ["githubAppId", "1"], ...local("writes the stored settings") },
  "config unset": { args: ["githubAppId"], ...local("writes the stored settings") },
  "config validate": { args: [], ...local("reads the policy file") },
  demo: { args: [], ...local("brings a GitHub and a Modal of its own") },
  // Where there is no terminal, the list of runners.
  dashboard: { args: [], ...fleet },
  "deliveries ls": {
    args: [],
    github: "needs",
    modal: "ignores",
    why: "a fleet whose Modal is down can be looked into",
  },
  "deliveries redeliver": { args: ["12345678901"], github: "needs", modal: "ignores", why: "as deliveries ls" },
  deploy: { args: ["--rollback"], ...local("is tested by itself: it changes what is deployed") },
  destroy: { args: ["--dry-run"], ...fleet },
  dev: { args: [], ...local("brings a GitHub and a Modal of its own") },
  "dev env": { args: [], ...local("reads what dev wrote") },
  "image build": { args: [], github: "uses", modal: "needs", why: "knows a release of the runner by itself" },
  "image ls": { args: [], github: "uses", modal: "needs", why: "asks GitHub only until when a runner gets jobs" },
  doctor: { args: ["--check", "node"], ...local("this check asks nobody; the others are tested by themselves") },
  explain: { args: ["12345"], ...fleet, outlivesModal: 1 },
  // Of another owner than the policy's, so that nothing comes of it.
  init: { args: ["--no-input", "--owner", "other"], ...local("is tested by itself: it sets up what others need") },
  "jobs ls": { args: [], ...fleet, outlivesModal: 1 },
  logs: { args: ["12345"], ...fleet, outlivesModal: 0 },
  reconcile: { args: ["--dry-run"], ...fleet },
  "runners kill": { args: ["--idle", "--yes"], ...fleet },
  "runners ls": { args: [], ...fleet },
  "runners prune": { args: ["--dry-run"], ...fleet },
  "runners shell": { args: ["12345", "--", "true"], ...fleet },
  spawn: { args: ["--job", "12345"], ...fleet },
  // By workflow: for the rest GitHub need not be asked.
  usage: { args: ["--by", "workflow"], ...fleet },
};

/** @throws Error naming commands of the manifest that are not here, or those that are here and nowhere else */
export function commandLines(): CommandLine[] {
  const names = Object.keys(manifest.commands).map((id) => id.replaceAll(":", " "));
  const missing = names.filter((name) => !(name in lines));
  const surplus = Object.keys(lines).filter((name) => !names.includes(name));
  if (missing.length + surplus.length > 0) {
    throw new Error(`test/e2e/command-lines.ts lacks ${missing.join(", ") || "none"}; too many: ${surplus.join(", ")}`);
  }
  return Object.entries(lines).map(([id, line]) => ({ id, ...line }));
}

/** With --json where the command has it, which must stand before what belongs to another command. */
export function withJson({ id, args }: CommandLine): string[] {
  const end = args.indexOf("--");
  const at = end < 0 ? args.length : end;
  return [...id.split(" "), ...args.slice(0, at), ...(hasJson(id) ? ["--json"] : []), ...args.slice(at)];
}

export function hasJson(id: string): boolean {
  const command = Object.values(manifest.commands).find((each) => each.id === id.replaceAll(" ", ":"));
  return command?.enableJsonFlag === true;
}
