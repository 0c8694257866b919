// The runner's configuration: takes a just-in-time configuration apart into the three files of the runner's root, reads
// them back, and removes them once the runner is used up.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Terminal } from "./terminal.ts";

const jitFiles = z.object({ ".runner": z.string(), ".credentials": z.string(), ".credentials_rsaparams": z.string() });

/** The runner itself reads keys without regard to case: the service writes PascalCase, config.sh camelCase. */
function lowerKeys(value: unknown): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key.toLowerCase(), lowerKeys(inner)]));
}

const settings = z.preprocess(
  lowerKeys,
  z.object({
    agentid: z.coerce.number(),
    agentname: z.string(),
    serverurlv2: z.url(),
    workfolder: z.string().default("_work"),
    disableupdate: z.coerce.string().default("False"),
  }),
);

const credentials = z.preprocess(
  lowerKeys,
  z.object({
    scheme: z.literal("OAuth"),
    data: z.object({
      clientid: z.string(),
      authorizationurl: z.url(),
      requirefipscryptography: z.string().default("False"),
    }),
  }),
);

const keyNumber = z.base64();
const rsaParameters = z.object({
  exponent: keyNumber,
  modulus: keyNumber,
  d: keyNumber,
  p: keyNumber,
  q: keyNumber,
  dp: keyNumber,
  dq: keyNumber,
  inverseQ: keyNumber,
});

export interface Configuration {
  agentId: number;
  agentName: string;
  /** Ends with a slash. */
  brokerUrl: string;
  /** Absolute. */
  workDirectory: string;
  disableUpdate: boolean;
  clientId: string;
  authorizationUrl: string;
  /** PS256 instead of RS256. */
  fips: boolean;
  key: z.infer<typeof rsaParameters>;
}

/**
 * Writes the files that the base64 text holds into the root, readable by the owner alone.
 * @throws Error (without the text) when it is not such a configuration.
 */
export function writeJitConfiguration(root: string, encoded: string): void {
  let files: z.infer<typeof jitFiles>;
  try {
    files = jitFiles.parse(JSON.parse(Buffer.from(encoded, "base64").toString("utf8")));
  } catch {
    throw new Error(
      "The JIT configuration is not base64 of a JSON object with .runner, .credentials and .credentials_rsaparams.",
    );
  }
  mkdirSync(root, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(root, name), Buffer.from(content, "base64"), { mode: 0o600 });
  }
}

export function isConfigured(root: string): boolean {
  return existsSync(join(root, ".runner"));
}

/** @throws Error naming the file that is missing or not as the runner writes it. */
export function readConfiguration(root: string): Configuration {
  const read = <T>(name: string, schema: z.ZodType<T>): T => {
    // Services write these files with a byte order mark at times.
    const text = readFileSync(join(root, name), "utf8").replace(/^\uFEFF/, "");
    const result = schema.safeParse(JSON.parse(text));
    // zod's own message may quote values, and these are secrets.
    if (!result.success) {
      throw new Error(
        `${name} is not valid: see ${result.error.issues.map((issue) => issue.path.join(".")).join(", ")}.`,
      );
    }
    return result.data;
  };
  const runner = read(".runner", settings);
  const { data } = read(".credentials", credentials);
  return {
    agentId: runner.agentid,
    agentName: runner.agentname,
    brokerUrl: runner.serverurlv2.endsWith("/") ? runner.serverurlv2 : `${runner.serverurlv2}/`,
    workDirectory: join(root, runner.workfolder),
    disableUpdate: runner.disableupdate.toLowerCase() === "true",
    clientId: data.clientid,
    authorizationUrl: data.authorizationurl,
    fips: data.requirefipscryptography.toLowerCase() === "true",
    key: read(".credentials_rsaparams", rsaParameters),
  };
}

/** Deletes the files and says so, as the runner does after its one job (ConfigurationManager.DeleteLocalRunnerConfig). */
export function removeConfiguration(root: string, terminal: Terminal): void {
  for (const [name, alongside] of [
    [".credentials", ".credentials_rsaparams"],
    [".runner", undefined],
  ] as const) {
    if (existsSync(join(root, name))) {
      rmSync(join(root, name));
      if (alongside) rmSync(join(root, alongside), { force: true });
      terminal.success(`Removed ${name}`);
    } else {
      terminal.line(`Does not exist. Skipping Removing ${name}`);
    }
  }
}
