// GitHub and Modal on this machine with nothing between them, an empty home directory, and `init` run there as an operator
// would: the built program, as a process of its own. Everything that it asks of either is recorded.
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { ServerError, Status } from "nice-grpc";
import { onTestFinished, type TestContext } from "vitest";
import type { GitHubEmulatorOptions } from "../../../src/lib/emulator/github/options.ts";
import type { Intercept } from "../../../src/lib/emulator/modal/gate.ts";
import type { ModalEmulatorOptions } from "../../../src/lib/emulator/modal/server.ts";
import type { InitResult } from "../../../src/lib/init/init.ts";
import { type ModalConnection, openModal } from "../../../src/lib/modal/client.ts";
import { packageFile } from "../../../src/lib/package-root.ts";
import { type CleanUp, type Emulators, endAll, startEmulators } from "../../../src/lib/rehearsal/emulators.ts";
import { modalClient } from "../../python.ts";
import { type Run, type RunningCli, type StartOptions, start } from "../cli.ts";

/** Programs that deploys take; undefined on a machine that cannot have Modal's Python client. */
export const bin = await modalClient();

/** A call that changes something at GitHub or Modal: `PATCH /app/hook/config`, `SecretUpdate`. */
export interface Call {
  name: string;
  /** What was asked, as text: secrets are looked for in it. */
  text: string;
}

type Seam = (name: string) => Promise<void>;

export interface Site extends Emulators {
  /** Holds home and folder; for files of a test. */
  scratch: string;
  /** The operator's home directory; empty at first. */
  home: string;
  /** Where commands are run; the repository's working tree is elsewhere. */
  folder: string;
  policyFile: string;
  env: Record<string, string>;
  /** Every call there was, in order. */
  calls: Call[];
  /** What the Secrets were told, by key: the latest values. */
  secret: Map<string, string>;
  /** Stands before each call, by its name; may end the process that makes it, or throw. */
  seam: { before: Seam };
  /** Whatever commands printed. */
  printed: string[];
  start(args: string[], env?: Record<string, string>, options?: StartOptions): RunningCli;
  init(args: string[], env?: Record<string, string>, options?: StartOptions): Promise<Run>;
  /** The flags for the App that is there from the start. */
  app: string[];
}

const workflow = (script: string) => `on: [workflow_dispatch]
jobs:
  build:
    runs-on: [self-hosted, modal]
    steps:
      - run: ${script}
`;

export interface SiteOptions {
  github?: Partial<GitHubEmulatorOptions>;
  modal?: Partial<ModalEmulatorOptions>;
  ownerType?: "Organization" | "User";
  /** What the job runs, given a folder that goes away at the end. */
  script?(scratch: string): string;
}

/** What a fleet does by itself: the controller looks after its Sandboxes and runners, in an App that is there. */
const ofFleet =
  /Sandbox|^Task|^AppGetOrCreate$|\/actions\/runners|^\w+ \/_services|^POST .*\/(dispatches|access_tokens)$/;
/** Calls that only look. A webhook that is sent again, or a ping, is how the webhook is verified. */
const looking = /^GET |(Get|List|ByTag|Lookup|Layout|History|Tags|Logs|JoinStreaming)$|\/attempts$|\/pings$/;

/** Whether a call sets something up, or changes what is. */
export function isWriting({ name, text }: Call): boolean {
  if (ofFleet.test(name)) return false;
  if (/^(Secret|Environment)GetOrCreate$/.test(name)) return /"objectCreationType":[1-9]/.test(text);
  return name === "AppSetTags" || !looking.test(name);
}

/** @param cleanUp takes what ends it; the end of the test unless told */
export async function siteWith(options: SiteOptions = {}, cleanUp?: CleanUp): Promise<Site> {
  const ends: CleanUp = cleanUp ?? [];
  if (!cleanUp) onTestFinished(() => endAll(ends));
  const scratch = await mkdtemp(join(tmpdir(), "init-test-"));
  ends.push(() => rm(scratch, { recursive: true, force: true, maxRetries: 5 }));
  const repository = join(scratch, "app");
  await mkdir(join(repository, ".github", "workflows"), { recursive: true });
  await writeFile(
    join(repository, ".github", "workflows", "ci.yml"),
    workflow(options.script?.(scratch) ?? "echo hello"),
  );
  const [home, folder, temporary] = [join(scratch, "home"), join(scratch, "work"), join(scratch, "tmp")];
  for (const each of [home, folder, temporary]) await mkdir(each);
  const calls: Call[] = [];
  const secret = new Map<string, string>();
  const seam: Site["seam"] = { before: async () => undefined };
  const { github = {}, modal = {}, ownerType = "Organization" } = options;
  const emulators = await startEmulators(
    {
      ...{ repositoryDirectory: repository, repository: "app", owner: "acme", ownerType },
      github: { ...github, intercept: watchGitHub(calls, seam, github.intercept) },
      modal: { schedules: "ignore", ...modal, intercept: watchModal(calls, secret, seam, modal.intercept) },
    },
    ends,
  );
  const env = {
    ...emulators.env,
    HOME: home,
    TMPDIR: temporary,
    PATH: [...(bin === undefined ? [] : [bin]), "/usr/bin", "/bin"].join(delimiter),
    // Pip's packages are where they are for everybody.
    XDG_CACHE_HOME: process.env["XDG_CACHE_HOME"] ?? join(process.env["HOME"] ?? "", ".cache"),
  };
  const printed: string[] = [];
  const site: Site = {
    ...emulators,
    ...{ scratch, home, folder, env, calls, secret, seam, printed },
    policyFile: join(folder, "modal-gha.yaml"),
    start: (args, more = {}, where = {}) => {
      const running = start(args, { ...env, ...more }, { cwd: folder, ...where });
      void running.ended.then(({ stdout, stderr }) => printed.push(stdout, stderr));
      return running;
    },
    init: (args, more, where) => site.start(["init", "--no-input", ...args], more, where).ended,
    app: ["--app-id", String(emulators.github.app.id), "--private-key-file", emulators.privateKeyFile],
  };
  return site;
}

/** A site for a test among others that run at once, which must say itself when it ends. */
export function siteFor({ onTestFinished }: TestContext, options?: SiteOptions): Promise<Site> {
  const ends: CleanUp = [];
  onTestFinished(() => endAll(ends));
  return siteWith(options, ends);
}

/** A connection of a test's own to the site's Modal. */
export async function connectionTo({ modal }: Pick<Site, "modal">): Promise<ModalConnection> {
  Object.assign(process.env, modal.environment());
  return openModal();
}

function watchGitHub(calls: Call[], seam: Site["seam"], inner: GitHubEmulatorOptions["intercept"]) {
  return async (request: Request, answer: () => Promise<Response>): Promise<Response> => {
    const { pathname } = new URL(request.url);
    const name = `${request.method} ${pathname}`;
    calls.push({ name, text: request.method === "GET" ? "" : await request.clone().text() });
    await seam.before(name);
    return inner ? inner(request, answer) : answer();
  };
}

function watchModal(
  calls: Call[],
  secret: Map<string, string>,
  seam: Site["seam"],
  inner: Intercept | undefined,
): Intercept {
  return async (call) => {
    const text = JSON.stringify(call.request, (_, value) => (typeof value === "bigint" ? String(value) : value)) ?? "";
    calls.push({ name: call.method, text });
    note(secret, call);
    try {
      await seam.before(call.method);
    } catch (error) {
      throw new ServerError(Status.FAILED_PRECONDITION, (error as Error).message);
    }
    return inner ? inner(call) : "proceed";
  };
}

/** Keeps up with what the Secret holds. */
function note(secret: Map<string, string>, { method, request }: Parameters<Intercept>[0]): void {
  const { envDict = {}, updates = [] } = (request ?? {}) as {
    envDict?: Record<string, string>;
    updates?: { key: string; value?: string }[];
  };
  if (method === "SecretGetOrCreate") for (const [key, value] of Object.entries(envDict)) secret.set(key, value);
  if (method !== "SecretUpdate") return;
  for (const { key, value } of updates) {
    if (value === undefined) secret.delete(key);
    else secret.set(key, value);
  }
}

const validate = new Ajv2020({ strict: true }).compile(
  JSON.parse(readFileSync(packageFile("schemas", "init.json"), "utf8")),
);

/** What `init --json` printed. @throws Error with what it said when it failed, or when it is not as its schema says */
export function resultOf({ code, stdout, stderr }: Run): InitResult {
  if (code !== 0) throw new Error(`init ended with ${code}:\n${stdout}\n${stderr}`);
  const result = JSON.parse(stdout) as InitResult;
  if (!validate(result)) throw new Error(JSON.stringify(validate.errors));
  return result;
}

/** The states of its steps, by name. */
export function statesOf(run: Run): Record<string, string> {
  return Object.fromEntries(resultOf(run).steps.map(({ step, state }) => [step, state]));
}

/** Dispatches the workflow, and waits for its end. @returns the conclusions of all jobs there were */
export async function runJob({ github }: Pick<Site, "github">): Promise<(string | null)[]> {
  await github.trigger({ repository: "app", event: "workflow_dispatch" });
  await github.settled();
  return github.state().jobs.map(({ conclusion }) => conclusion);
}
