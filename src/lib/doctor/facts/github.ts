// What there is at GitHub: the Apps or the token, the repositories that may use the fleet, and the webhooks.
import type { Octokit } from "@octokit/rest";
import type { GitHubCredentials } from "../../github/credentials.ts";
import type { RepositoryFacts } from "../../github/jobs.ts";
import type { AppAccess, AppFacts } from "../../github/setup/app.ts";
import { webUrlOf } from "../../github/setup/web-url.ts";
import { allowsRepository } from "../../policy/match.ts";
import { furtherGitHubApps, githubCredentials } from "../../settings/credentials.ts";
import { once } from "../once.ts";
import { aheadBy } from "./controller.ts";
import type { FactsOptions } from "./facts.ts";
import type { LocalFacts } from "./local.ts";

export interface Credentials {
  first: GitHubCredentials;
  /** Further Apps of the fleet; none with a token. */
  further: GitHubCredentials[];
  /** Such as that others can read the key. */
  warnings: string[];
}

export interface GitHubFacts {
  /** Without a slash at the end. */
  apiUrl(): Promise<string>;
  /** Of its pages for people. */
  webUrl(): Promise<string>;
  /** Asks without credentials; how far its clock is ahead of ours, as Health has it. */
  reach(): Promise<{ status: number; aheadMs: number | undefined }>;
  credentials(): Promise<Credentials>;
  /** Each App by its key; none with a token. */
  accesses(): Promise<AppAccess[]>;
  /** In the order of the accesses. */
  apps(): Promise<AppFacts[]>;
  /** Acting at the owner's, each with its own rate limit. */
  octokits(): Promise<[Octokit, ...Octokit[]]>;
  /** All that the credentials see at the owner's, and which of them the policy lets in. */
  repositories(): Promise<{ seen: RepositoryFacts[]; allowed: RepositoryFacts[] }>;
}

/** The checks' own limits are shorter; this is for a look that nobody waits for any more. */
const patienceMs = 60_000;

/** @param onSecret hears every secret that is read */
export function githubFacts(options: FactsOptions, local: LocalFacts, onSecret: (secret: string) => void): GitHubFacts {
  const { env, now } = options;
  const settings = once(async () => (await local.settings()).settings);
  const apiUrl = once(async () => (await settings()).githubApiUrl.value.replace(/\/+$/, ""));
  const webUrl = once(async () =>
    ((await settings()).githubWebUrl?.value ?? webUrlOf(await apiUrl())).replace(/\/+$/, ""),
  );

  const reach = once(async () => {
    const started = now();
    // Free of charge, and each GitHub has it.
    const url = `${await apiUrl()}/rate_limit`;
    const headers = { "user-agent": "modal-gha" };
    const response = await fetch(url, { headers, redirect: "manual", signal: AbortSignal.timeout(patienceMs) });
    await response.arrayBuffer();
    return { status: response.status, aheadMs: aheadBy(response.headers.get("date"), started, now()) };
  });

  const credentials = once(async (): Promise<Credentials> => {
    const warnings: string[] = [];
    const onWarning = (text: string) => void warnings.push(text);
    const first = await githubCredentials(await settings(), onWarning);
    const further = first.kind === "app" ? await furtherGitHubApps(env, onWarning) : [];
    for (const each of [first, ...further]) onSecret(each.kind === "app" ? each.privateKey : each.token);
    return { first, further, warnings };
  });

  const accesses = once(async () => {
    const { first, further } = await credentials();
    const api = await apiUrl();
    return [first, ...further].flatMap((each): AppAccess[] => (each.kind === "app" ? [{ apiUrl: api, ...each }] : []));
  });

  const apps = once(async () => {
    const { readApp } = await import("../../github/setup/app.ts");
    return Promise.all((await accesses()).map((access) => readApp(access)));
  });

  const octokits = once(async (): Promise<[Octokit, ...Octokit[]]> => {
    const { first, further } = await credentials();
    const { connectGitHub } = await import("../../github/client.ts");
    const { owner } = (await local.policy()).policy.github;
    const api = await apiUrl();
    const connect = (each: GitHubCredentials) => connectGitHub({ apiUrl: api, credentials: each, owner, now });
    const [octokit, ...others] = await Promise.all([connect(first), ...further.map(connect)]);
    return [octokit, ...others];
  });

  const repositories = once(async () => {
    const { policy } = await local.policy();
    const { readRepositoryFacts } = await import("../../github/jobs.ts");
    const isApp = (await credentials()).first.kind === "app";
    const [octokit] = await octokits();
    const seen = await readRepositoryFacts(octokit, policy.github.owner, isApp);
    return { seen, allowed: seen.filter(({ name }) => allowsRepository(policy, name)) };
  });

  return { apiUrl, webUrl, reach, credentials, accesses, apps, octokits, repositories };
}
