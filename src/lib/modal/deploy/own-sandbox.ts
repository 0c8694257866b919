// Deploys from inside a Modal Sandbox, so that the operator's machine needs no Python. This one Sandbox is given the Modal
// token pair, which no runner's Sandbox ever is: nobody's job runs in it, it lives for as long as the deploy takes, and the
// pair reaches the one process that needs it.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import type { App, Image, ModalClient, Sandbox } from "modal";
import { packageFile } from "../../package-root.ts";
import { buildLayer } from "../images/build-log.ts";
import { appName, ownershipTags } from "../names.ts";
import { writeBundle } from "./bundle.ts";
import { clientVersion } from "./client-program.ts";
import { DeployError } from "./errors.ts";
import { type DeployRun, deployArguments, plainOutput } from "./own-program.ts";

/** The longest that a deploy may take, in milliseconds. Nobody ends the Sandbox if this process dies. */
const longestMs = 15 * 60_000;
const folderInside = "/root/deploy";

export interface SandboxRun extends DeployRun {
  client: ModalClient;
  fleet: string;
}

/**
 * @returns the client's exit code
 * @throws DeployError no-token-pair, ImageBuildError, what the modal SDK throws, or the signal's reason
 */
export async function deployFromSandbox(run: SandboxRun): Promise<number> {
  const { client, fleet, profile, bundle, onLine, signal } = run;
  const { tokenId, tokenSecret, serverUrl } = profile;
  if (!tokenId || !tokenSecret) {
    throw new DeployError("no-token-pair", "A Sandbox can deploy with a token pair alone, and there is none here.", {
      nextSteps: ["Set MODAL_TOKEN_ID and MODAL_TOKEN_SECRET.", "Or install Modal's client: pip install modal"],
    });
  }
  const app = await client.apps.fromName(appName(fleet), { createIfMissing: true });
  const image = await buildClientImage(run, app);
  signal?.throwIfAborted();
  const sandbox = await client.sandboxes.create(app, image, {
    command: ["sleep", String(longestMs / 1000)],
    timeoutMs: longestMs,
    tags: { ...ownershipTags(fleet), purpose: "deploy" },
  });
  const onAbort = () => void sandbox.terminate().catch(() => undefined);
  signal?.addEventListener("abort", onAbort);
  const folder = await mkdtemp(join(tmpdir(), "modal-gha-deploy-"));
  try {
    await writeBundle(bundle, folder);
    for (const path of bundle.files.keys()) {
      signal?.throwIfAborted();
      await sandbox.filesystem.copyFromLocal(join(folder, path), posix.join(folderInside, path));
    }
    const secret = await client.secrets.fromObject({ MODAL_TOKEN_ID: tokenId, MODAL_TOKEN_SECRET: tokenSecret });
    const deploy = deployArguments(bundle, run.environmentName, ".");
    // In a container Modal's client uses a socket, and no token, unless it is made to forget where it is.
    const command = ["env", "-u", "MODAL_IS_REMOTE", `MODAL_SERVER_URL=${serverUrl}`, "modal", ...deploy];
    const process = await sandbox.exec(command, { workdir: folderInside, env: plainOutput, secrets: [secret] });
    const [code] = await Promise.all([
      process.wait(),
      eachLine(process.stdout, onLine),
      eachLine(process.stderr, onLine),
    ]);
    signal?.throwIfAborted();
    return code;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", onAbort);
    await rm(folder, { recursive: true, force: true });
    await endSandbox(sandbox, onLine);
  }
}

async function endSandbox(sandbox: Sandbox, onLine: (line: string) => void): Promise<void> {
  try {
    await sandbox.terminate();
  } catch (error) {
    const minutes = longestMs / 60_000;
    onLine(
      `Sandbox ${sandbox.sandboxId} could not be ended (${(error as Error).message}); it ends in ${minutes} minutes.`,
    );
  }
}

/** Debian's like with Modal's Python client in it. Built once; from then on Modal has it. */
async function buildClientImage({ client, onLine, signal, environmentName }: SandboxRun, app: App): Promise<Image> {
  const text = await readFile(packageFile("image", "Dockerfile"), "utf8");
  const [, base] = /^ARG UBUNTU_IMAGE=(\S+)$/m.exec(text) ?? [];
  if (!base) throw new Error("image/Dockerfile names no base image.");
  const dockerfileCommands = [
    `FROM ${base}`,
    "RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates python3 python3-pip && " +
      "rm -rf /var/lib/apt/lists/*",
    `RUN pip install --no-cache-dir --break-system-packages modal==${clientVersion}`,
    "ENTRYPOINT []",
  ];
  const builderVersion = await client.getImageBuilderVersion(environmentName);
  const request = { appId: app.appId, dockerfileCommands, baseImageId: undefined, builderVersion, force: false };
  const imageId = await buildLayer(client, request, { onLine, signal: signal ?? new AbortController().signal });
  return client.images.fromId(imageId);
}

async function eachLine(stream: AsyncIterable<string>, onLine: (line: string) => void): Promise<void> {
  let rest = "";
  for await (const text of stream) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line.replace(/\r$/, ""));
  }
  if (rest !== "") onLine(rest);
}
