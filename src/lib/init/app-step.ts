// The fleet's GitHub App: the one that is known here, or named, or else a new one, made by a person in their browser.
import { homedir } from "node:os";
import { join } from "node:path";
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import type { Account } from "../github/setup/account.ts";
import type { AppAccess, AppFacts } from "../github/setup/app.ts";
import { SetupError } from "../github/setup/setup-error.ts";
import { githubCredentials } from "../settings/credentials.ts";
import { mustBeTold } from "./ask.ts";
import type { Bench } from "./bench.ts";
import { createApp, handUrl } from "./create-app.ts";
import type { Told } from "./progress.ts";
import { isHeldBy, type SecretContent } from "./secret-keys.ts";

export interface AppStep extends Told {
  access: AppAccess;
  facts: AppFacts;
  /** Where the App was made by this run. */
  created: { webhookSecret: string | null } | undefined;
  /** Where the private key is; undefined where it came by another way than a file. */
  keyFile: string | undefined;
}

export interface AppOptions {
  account: Account | undefined;
  webhookUrl: string;
}

/**
 * The App whose id and key are known here; undefined where none are, or where it is to be replaced by a new one.
 * @param givenKey a key that came by standard input
 * @throws AbortError, SetupError (app-not-found, app-key-refused), RequestError
 */
export async function knownAppStep(
  bench: Bench,
  content: SecretContent,
  givenKey: string | undefined,
): Promise<AppStep | undefined> {
  if (await isReplaced(bench, content)) return undefined;
  const known = await knownApp(bench, givenKey);
  if (!known) return undefined;
  try {
    return await describe(known, undefined);
  } catch (error) {
    if (!(error instanceof SetupError) || error.code !== "app-not-found") throw error;
    if (mayReplace(bench)) return undefined;
    const { message, why, code, nextSteps } = error;
    const instead = "If it was deleted, make a new one: modal-gha init --create-app --rotate";
    const exitCode = ExitCode.Authentication;
    throw new AbortError(message, { why, code, exitCode, nextSteps: [...nextSteps, instead], cause: error });
  }
}

/** Asked for a new App in the place of the one that is stored. */
function mayReplace({ answers, isRotating }: Bench): boolean {
  return isRotating && answers["create-app"] === true && answers["app-id"] === undefined;
}

/** Not where an earlier run was interrupted after it had made the new one: then that is the one that is stored. */
async function isReplaced(bench: Bench, content: SecretContent): Promise<boolean> {
  const { modal, policy, settings } = bench;
  const { githubAppId: appId } = settings;
  if (!mayReplace(bench) || appId === undefined) return false;
  const isInPlace = await isHeldBy(modal.client, policy.fleet, { kind: "app", appId: appId.value });
  return isInPlace && !content.isUnfinished;
}

/**
 * Whether a fleet may get an App by this run that knows none.
 * @throws AbortError where it has one: a fleet that works is not to get another because somebody has not got the key at hand
 */
export function assertNoApp(bench: Bench, { hasApp, isUnfinished }: SecretContent): void {
  if (hasApp && !isUnfinished && !bench.isRotating) throw appElsewhere(bench);
}

/** The App where none is known: made in the browser, or by hand. @throws AbortError, SetupError, RequestError */
export async function newAppStep(bench: Bench, options: AppOptions): Promise<AppStep> {
  const choice = await chooseWay(bench, options);
  if (choice !== "create") return describe(choice, undefined);
  const { access, keyFile, webhookSecret } = await createApp(bench, options);
  return describe({ access, keyFile }, { webhookSecret });
}

type KnownApp = Pick<AppStep, "access" | "keyFile">;

async function describe(app: KnownApp, created: AppStep["created"]): Promise<AppStep> {
  const { readApp } = await import("../github/setup/app.ts");
  const facts = await readApp(app.access);
  const detail = `${facts.name} (App ${facts.appId}, ${facts.htmlUrl})`;
  return { ...app, facts, created, state: created ? "made" : "unchanged", detail };
}

async function knownApp(bench: Bench, givenKey: string | undefined): Promise<KnownApp | undefined> {
  const { settings, answers, listener } = bench;
  const { githubAppId: appId, githubPrivateKeyFile: file } = settings;
  if (appId === undefined) {
    if (answers["private-key-file"] === undefined) return undefined;
    throw mustBeTold("There is a private key, and nothing says of which App it is.", [
      "modal-gha init --app-id <id> --private-key-file <file>",
    ]);
  }
  const apiUrl = settings.githubApiUrl.value;
  if (givenKey !== undefined)
    return { access: { apiUrl, appId: appId.value, privateKey: givenKey }, keyFile: undefined };
  const { githubToken: _, ...withoutToken } = settings;
  const credentials = await githubCredentials(withoutToken, listener.note);
  if (credentials.kind !== "app") return undefined;
  const { privateKey } = credentials;
  const isFromFile = file !== undefined && (settings.githubPrivateKey === undefined || file.source.kind === "flag");
  return { access: { apiUrl, appId: appId.value, privateKey }, keyFile: isFromFile ? file.value : undefined };
}

async function chooseWay(bench: Bench, options: AppOptions): Promise<KnownApp | "create"> {
  const { asker, answers, settings } = bench;
  if (answers["create-app"]) return "create";
  if (!asker) {
    throw mustBeTold("The fleet has no GitHub App yet.", [
      "Make one in the browser: modal-gha init --create-app",
      `Or by hand, with a private key: ${await handUrl(bench, options)}`,
      "Then: modal-gha init --app-id <id> --private-key-file <file.pem>",
      "Or do without an App: modal-gha init --auth pat",
    ]);
  }
  const way = await asker.choose("The fleet needs a GitHub App.", [
    { name: "Make one in the browser", value: "create" as const },
    { name: "Use one that was made by hand", value: "hand" as const },
  ]);
  if (way === "create") return way;
  bench.listener.note(`If there is none yet, make it here: ${await handUrl(bench, options)}`);
  const appId = await asker.text("Its App id:", {
    check: (text) => (/^\d+$/.test(text) ? undefined : "It is a number, on the App's settings page."),
  });
  const read = async (file: string, warn: (text: string) => void): Promise<string> => {
    const given = { githubAppId: told(appId), githubPrivateKeyFile: told(file) };
    const credentials = await githubCredentials({ ...withoutSecrets(settings), ...given }, warn);
    if (credentials.kind !== "app") throw new Error("An App's id and key make an App.");
    return credentials.privateKey;
  };
  const file = fromHome(
    await asker.text("The file with its private key (.pem):", {
      check: (text) => read(fromHome(text), () => undefined).then(() => undefined, faultOf),
    }),
  );
  const privateKey = await read(file, bench.listener.note);
  return { access: { apiUrl: settings.githubApiUrl.value, appId, privateKey }, keyFile: file };
}

/** No shell has read it. */
function fromHome(path: string): string {
  return path.startsWith("~/") ? join(homedir(), path.slice(2)) : path;
}

function faultOf(error: unknown): string {
  const { message, why } = error as AbortError;
  return [message, why].filter((part) => part !== undefined).join(" ");
}

function told(value: string) {
  return { value, source: { kind: "flag" as const, name: "an answer" } };
}

function withoutSecrets({ githubApiUrl, policyFile }: Bench["settings"]) {
  return { githubApiUrl, policyFile };
}

function appElsewhere({ policy }: Bench): AbortError {
  return new AbortError(`The fleet ${policy.fleet} has a GitHub App, whose id and key are not known here.`, {
    code: "app-unknown",
    exitCode: ExitCode.Authentication,
    why: "The controller at Modal has its credentials; Modal hands them out to nobody.",
    nextSteps: [
      "Get the App's id, and a private key from its settings page: one App can have several.",
      "modal-gha init --app-id <id> --private-key-file <file.pem>",
      "Or replace the App by a new one: modal-gha init --create-app --rotate",
    ],
  });
}
