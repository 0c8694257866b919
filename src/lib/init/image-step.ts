// The runner images that the policy names: those that are missing at Modal are built and published.
import { AbortError } from "../cli/errors.ts";
import type { ModalConnection } from "../modal/client.ts";
import { buildImage } from "../operations/build-image.ts";
import { type PolicyImage, policyImages } from "../operations/image-name.ts";
import type { Policy } from "../policy/schema.ts";
import type { Listener, Told } from "./progress.ts";

export interface ImageOptions {
  modal: ModalConnection;
  policy: Policy;
  githubApiUrl: string;
  /** Whether to build what is missing. */
  isWanted: boolean;
  /** An image of a registry to build on. */
  from: string | undefined;
  signal: AbortSignal;
  listener: Pick<Listener, "note" | "line">;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** @throws AbortError (image-build-failed and the like), what the SDKs throw */
export async function imageStep(options: ImageOptions): Promise<Told> {
  const { modal, policy, isWanted } = options;
  const images = policyImages(policy);
  const missing: PolicyImage[] = [];
  for (const image of images) if (!(await isPublished(modal, image.name))) missing.push(image);
  if (missing.length === 0) return { state: "unchanged", detail: images.map(({ name }) => name).join(", ") };
  if (!isWanted) {
    const detail = `${missing.map(({ name }) => name).join(", ")} not there yet: modal-gha image build`;
    return { state: "skipped", detail };
  }
  const published: string[] = [];
  for (const image of missing) {
    const { name, runnerVersion } = await build(image, options);
    published.push(`${name} with runner ${runnerVersion}`);
  }
  return { state: "made", detail: published.join(", ") };
}

async function isPublished({ client }: ModalConnection, name: string): Promise<boolean> {
  const { listRunnerImages } = await import("../modal/images/list.ts");
  return (await listRunnerImages(client, name)).some(({ isCurrent }) => isCurrent);
}

async function build({ name, needsDocker }: PolicyImage, options: ImageOptions) {
  const { modal, policy, from, signal, listener, now } = options;
  const [{ anonymousGitHub }, { claimApp }] = await Promise.all([
    import("../github/client.ts"),
    import("../modal/apps.ts"),
  ]);
  const { client } = modal;
  try {
    return await buildImage({
      modal: { client, app: await claimApp(client, policy.fleet) },
      // There need not be any credentials for GitHub yet, and releases of the runner are for everybody to read.
      github: { octokit: anonymousGitHub(options.githubApiUrl), deprecation: async () => undefined },
      ...{ name, from, signal, now },
      variant: needsDocker ? "docker" : "standard",
      onLine: listener.line,
      onNote: listener.note,
    });
  } catch (error) {
    if (!(error instanceof AbortError) || error.code !== "image-build-failed") throw error;
    const { message, why, code, exitCode } = error;
    const nextSteps = [
      "Run modal-gha init again: what was built is kept, and it goes on from there.",
      `Or build the image by itself, with what it needs: modal-gha image build --name ${name} --help`,
      "Or leave it for later: modal-gha init --no-image",
    ];
    throw new AbortError(message, { code, exitCode, nextSteps, cause: error, ...(why === undefined ? {} : { why }) });
  }
}
