// Everything that is deployed, as files: the Modal App, its settings, the policy, and the controller's program.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { packageFile } from "../../package-root.ts";
import { controllerAppName, ownershipTags, secretName } from "../names.ts";

export interface DeploySettings {
  /** Containers that are always there; 0 starts one with the first request. */
  minContainers?: number | undefined;
  /** Modal's name of a region, or of a wider one such as `us`. */
  region?: string | undefined;
  /** A domain of the workspace's own, in place of Modal's address. */
  customDomain?: string | undefined;
}

export interface BundleOptions {
  fleet: string;
  policyFile: string;
  settings: DeploySettings;
  githubApiUrl: string;
}

export interface Bundle {
  /** Path in the folder that is deployed -> content. */
  files: ReadonlyMap<string, Buffer>;
  /** Of this package. */
  version: string;
  /** The same for the same files and settings. */
  fingerprint: string;
  /** Of this one deploy. */
  deployment: string;
}

/** The file that `modal deploy` is given. */
export const appFile = "webhook.py";

/**
 * @param nonce letters and digits, other ones for every deploy
 * @throws the file system's error when the policy, or a part of this package, cannot be read
 */
export async function makeBundle(options: BundleOptions, nonce: string): Promise<Bundle> {
  const { fleet, settings, githubApiUrl } = options;
  const program = packageFile("dist", "controller");
  const names = (await readdir(program)).sort();
  const files = new Map<string, Buffer>([
    [appFile, await readFile(packageFile("templates", appFile))],
    ["modal-gha.yaml", await readFile(options.policyFile)],
  ]);
  for (const name of names) files.set(`controller/${name}`, await readFile(join(program, name)));
  const { version } = JSON.parse(String(files.get("controller/package.json")));
  const deployed = {
    app: controllerAppName(fleet),
    tags: ownershipTags(fleet),
    secret: secretName(fleet),
    githubApiUrl,
    node: await readNodeRelease(),
    minContainers: settings.minContainers ?? 0,
    region: settings.region ?? null,
    customDomains: settings.customDomain === undefined ? [] : [settings.customDomain],
  };
  const hash = createHash("sha256").update(JSON.stringify(deployed));
  for (const [path, content] of files) hash.update(`\0${path}\0${content.length}\0`).update(content);
  const fingerprint = hash.digest("hex").slice(0, 12);
  const deployment = `${fingerprint}-${nonce}`;
  files.set("deployment.json", Buffer.from(`${JSON.stringify({ ...deployed, deployment }, null, 2)}\n`));
  return { files, version, fingerprint, deployment };
}

/** The Node of the runner image, for the controller as well: one release to keep up with. */
async function readNodeRelease(): Promise<{ url: string; sha256: string; folder: string }> {
  const text = await readFile(packageFile("image", "Dockerfile"), "utf8");
  const [, version] = /^ARG NODE_VERSION=([\d.]+)$/m.exec(text) ?? [];
  const [, sha256] = /^ARG NODE_SHA256=([0-9a-f]{64})$/m.exec(text) ?? [];
  if (!version || !sha256) throw new Error("image/Dockerfile names no release of Node.");
  const folder = `node-v${version}-linux-x64`;
  return { url: `https://nodejs.org/dist/v${version}/${folder}.tar.xz`, sha256, folder };
}

/** Writes the files into a folder. */
export async function writeBundle({ files }: Bundle, folder: string): Promise<void> {
  for (const [path, content] of files) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
  }
}

/** What tags a deployment in Modal's history: at most 50 letters, digits, dots, dashes and underscores. */
export function deploymentTag({ deployment }: Pick<Bundle, "deployment">): string {
  return `mgha-${deployment}`;
}

/** The fingerprint in a deployment's tag; undefined for one that this program did not make. */
export function fingerprintOf(tag: string): string | undefined {
  return /^mgha-([0-9a-f]{12})-/.exec(tag)?.[1];
}
