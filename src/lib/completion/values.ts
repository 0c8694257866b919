// Values to complete that only the fleet knows. Whoever pressed the key waits: so no more than one cheap call, a short
// time limit, answers kept for some seconds, and never a word about what went wrong.
import { createHash } from "node:crypto";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { openPolicy } from "../operations/open-policy.ts";
import type { Policy } from "../policy/schema.ts";
import { storedProfiles } from "../settings/profiles.ts";
import { SettingsStore, settingsFolder } from "../settings/store.ts";
import type { DynamicKind } from "./model.ts";

export interface CompletionOptions {
  env: Readonly<Record<string, string | undefined>>;
  /** `--policy`. */
  policyFile: string | undefined;
  /** Milliseconds; then there are none. */
  withinMs: number;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** How long an answer is good. */
const keptMs = 5000;

/** Each with a tab and a few words about it where there are any. None where they cannot be had in time. */
export async function completionValues(kind: DynamicKind, options: CompletionOptions): Promise<string[]> {
  const { promise: late, resolve } = Promise.withResolvers<string[]>();
  const timer = setTimeout(() => resolve([]), options.withinMs);
  try {
    return await Promise.race([late, read(kind, options)]);
  } catch {
    return [];
  } finally {
    clearTimeout(timer);
  }
}

async function read(kind: DynamicKind, options: CompletionOptions): Promise<string[]> {
  const { env, policyFile } = options;
  if (kind === "fleets") {
    const stored = await new SettingsStore(settingsFolder(env)).read();
    return Object.keys(storedProfiles(stored)).sort();
  }
  const { policy, file } = await openPolicy({ env, policyFile, warn: () => undefined });
  if (kind === "pools") return policy.pools.map(({ name, labels }) => `${name}\t${labels.join(", ")}`);
  // What is stored of the fleet is in the process's own environment by now.
  const { MODAL_PROFILE: profile, MODAL_ENVIRONMENT: environment } = process.env;
  const identity = [file, policy.fleet, env["MODAL_SERVER_URL"], env["MODAL_TOKEN_ID"], profile, environment];
  return kept(kind, identity.join("\n"), options, () => ask(kind, policy));
}

/** One list call at Modal, which knows all of these; GitHub's rate limit is spared. The fleet's App is not made here. */
async function ask(kind: "jobs" | "repositories" | "runners", policy: Policy): Promise<string[]> {
  const [{ openModal }, { appName }, { sandboxesOnModal }] = await Promise.all([
    import("../modal/client.ts"),
    import("../modal/names.ts"),
    import("../modal/sandboxes.ts"),
  ]);
  const { client, close } = await openModal({ maxThrottleSeconds: 1 });
  try {
    const app = await client.apps.fromName(appName(policy.fleet));
    const sandboxes = await sandboxesOnModal({ client, app, close }, policy.fleet).sandboxes();
    const newestFirst = sandboxes.sort((a, b) => b.createdAt - a.createdAt);
    if (kind === "runners") return newestFirst.map((each) => `${each.runnerName}\t${each.repository} ${each.pool}`);
    if (kind === "jobs") {
      const ofJobs = newestFirst.filter(({ jobId }) => jobId !== 0);
      return ofJobs.map(({ jobId, repository, runnerName }) => `${jobId}\t${repository} on ${runnerName}`);
    }
    const named = policy.access.repositories.filter((glob) => /^[\w.-]+\/[\w.-]+$/.test(glob));
    return [...new Set([...named, ...newestFirst.map(({ repository }) => repository)])].filter(Boolean).sort();
  } finally {
    close();
  }
}

async function kept(
  kind: string,
  identity: string,
  { env, now }: CompletionOptions,
  ask: () => Promise<string[]>,
): Promise<string[]> {
  const folder = join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "modal-gha", "completion");
  const file = join(folder, `${kind}-${createHash("sha256").update(identity).digest("hex").slice(0, 16)}.json`);
  const written = await stat(file).catch(() => undefined);
  if (written && now() - written.mtimeMs < keptMs) return JSON.parse(await readFile(file, "utf8")) as string[];
  const values = await ask();
  // Names of repositories and jobs are nobody else's business.
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(file, JSON.stringify(values), { mode: 0o600 });
  return values;
}
