// The policy file: the one that is there, or a first one from a few answers. A file that is there is never written to.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import type { Account } from "../github/setup/account.ts";
import { type LoadedPolicy, loadPolicy } from "../policy/load.ts";
import { checkPolicy, writeFault } from "../policy/parse.ts";
import type { Policy } from "../policy/schema.ts";
import type { Answers } from "./answers.ts";
import { type Asker, mustBeTold } from "./ask.ts";
import { fleetNameFor, policyText } from "./policy-text.ts";
import type { Told } from "./progress.ts";

export interface PolicyStep extends Told {
  policy: Policy;
  /** Undefined where GitHub does not say. */
  account: Account | undefined;
}

export interface PolicyOptions {
  /** Absolute. */
  file: string;
  /** `--fleet`: what the fleet is, or is to be, called. */
  fleet: string | undefined;
  answers: Answers;
  asker: Asker | undefined;
  findAccount(owner: string): Promise<Account | undefined>;
  /** The address of the controller that a fleet of this name has at Modal. */
  findController(fleet: string): Promise<string | undefined>;
  note(text: string): void;
}

/**
 * @throws AbortError (usage) when an answer is missing or is not the file's, (fleet-exists) when the file is elsewhere;
 * PolicyError; SetupError (no-such-owner)
 */
export async function policyStep(options: PolicyOptions): Promise<PolicyStep> {
  const { file, note } = options;
  const found = await loadIfThere(file);
  const { policy, warnings, account, state } = found ? await check(found, options) : await write(options);
  for (const warning of warnings) note(`Warning: ${writeFault(file, warning)}`);
  const pools = policy.pools.map(({ name }) => name).join(", ");
  const about = `fleet ${policy.fleet} for ${policy.github.owner}, pools ${pools}`;
  return { policy, account, state, detail: `${file}: ${about}` };
}

type Settled = Pick<LoadedPolicy, "policy" | "warnings"> & Pick<PolicyStep, "account" | "state">;

async function loadIfThere(file: string): Promise<LoadedPolicy | undefined> {
  try {
    return await loadPolicy(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function check(
  found: LoadedPolicy,
  { fleet, answers, findAccount, file, note }: PolicyOptions,
): Promise<Settled> {
  const { policy, warnings } = found;
  const { owner, scope } = policy.github;
  const contradictions: [string, string | undefined, string][] = [
    ["--fleet", fleet, policy.fleet],
    ["--owner", answers.owner, owner],
    ["--scope", answers.scope, scope],
  ];
  for (const [flag, told, written] of contradictions) {
    if (told === undefined || told.toLowerCase() === written.toLowerCase()) continue;
    throw new AbortError(`The policy ${file} says ${written}, and ${flag} says ${told}.`, {
      code: "usage",
      exitCode: ExitCode.Usage,
      why: "A policy file that is there is never written to by init.",
      nextSteps: [
        `Leave ${flag} out to set up the fleet ${policy.fleet}.`,
        "For another fleet, name a file that is not there yet: modal-gha init --fleet <name> --policy <file>",
      ],
    });
  }
  if (answers.pool || answers.repository) note(`${file} is there already: pools and repositories are what it says.`);
  const account = await findAccount(owner);
  assertScope(scope, account);
  return { policy, warnings, account, state: "unchanged" };
}

async function write(options: PolicyOptions): Promise<Settled> {
  const { file, answers, asker, findAccount } = options;
  const asked = answers.owner ?? (await asker?.text("Which GitHub organisation or user is the fleet for?"));
  if (asked === undefined) {
    throw mustBeTold(`There is no policy file ${file}, and nothing says whose jobs are to be run.`, [
      "modal-gha init --owner <organisation>",
      "Or name the policy of a fleet that there is: modal-gha init --policy <file>",
    ]);
  }
  const account = await findAccount(asked);
  const owner = account?.login ?? asked;
  const scope = answers.scope ?? (account?.type === "User" ? "repository" : await askScope(asker));
  assertScope(scope, account);
  const fleet = options.fleet ?? fleetNameFor(owner);
  const controller = await options.findController(fleet);
  if (controller !== undefined) throw fleetExists(fleet, controller, file);
  const text = policyText({
    fleet,
    owner,
    scope,
    repositories: answers.repository ?? (await askRepositories(asker, owner)),
    pools: answers.pool ?? (await askPools(asker)),
  });
  const { policy, warnings } = parsed(text, file);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text, { flag: "wx" });
  return { policy, warnings, account, state: "made" };
}

/** A first policy in place of the one that the fleet lives by would take its pools for strangers. */
function fleetExists(fleet: string, controller: string, file: string): AbortError {
  return new AbortError(`The fleet ${fleet} is set up already, and its policy file is not here.`, {
    code: "fleet-exists",
    why: `There is no ${file}, and Modal has the fleet's controller at ${controller}.`,
    nextSteps: [
      "Get the policy file from whoever set the fleet up, then: modal-gha init --policy <file>",
      "For another fleet beside it: modal-gha init --fleet <name>",
    ],
  });
}

/** What is wrong with it can only be an answer. */
function parsed(text: string, file: string): Pick<LoadedPolicy, "policy" | "warnings"> {
  try {
    return checkPolicy(text, file);
  } catch (cause) {
    throw new AbortError("The answers make no sound policy.", {
      code: "usage",
      exitCode: ExitCode.Usage,
      why: (cause as Error).message,
      nextSteps: ["modal-gha init --help"],
      cause,
    });
  }
}

function assertScope(scope: Policy["github"]["scope"], account: Account | undefined): void {
  if (scope !== "organization" || account?.type !== "User") return;
  throw new AbortError(`${account.login} is a person's account, which has no runners of its own.`, {
    code: "usage",
    exitCode: ExitCode.Usage,
    why: "At GitHub, only organisations and repositories have runners.",
    nextSteps: ["modal-gha init --scope repository", "Or write scope: repository into the policy."],
  });
}

async function askScope(asker: Asker | undefined): Promise<Policy["github"]["scope"]> {
  return (
    (await asker?.choose("Where are runners to be registered?", [
      {
        name: "Once, for the organisation",
        value: "organization" as const,
        description: "Takes an owner of the organisation; runner groups say which repositories may use them.",
      },
      { name: "In each job's own repository", value: "repository" as const },
    ])) ?? "organization"
  );
}

async function askRepositories(asker: Asker | undefined, owner: string): Promise<string[]> {
  const all = `${owner}/*`;
  const answer = await asker?.text("Whose jobs are run? Repositories as owner/name, with * for any:", { initial: all });
  return (answer ?? all).split(/[\s,]+/).filter((pattern) => pattern !== "");
}

async function askPools(asker: Asker | undefined): Promise<string[]> {
  if (!asker) return ["cpu"];
  return asker.chooseSome("Which runners are there to be? Sizes and limits can be changed in the file.", [
    { name: "CPU (2 cores, 8 GiB)", value: "cpu", checked: true },
    { name: "Docker inside (Modal's VM runtime)", value: "docker" },
    ...["T4", "L4", "A10", "L40S", "A100-80GB", "H100", "H200", "B200"].map((gpu) => ({
      name: `GPU ${gpu}`,
      value: gpu,
    })),
  ]);
}
