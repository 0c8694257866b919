// Builds and publishes the rehearsal's runner image the way a real one is: with the modal SDK. In place of actions/runner
// it holds the stand-in; the entrypoint and the job hooks are the image's own.
import { connectModal } from "../modal/client.ts";
import { packageFile } from "../package-root.ts";

export interface ImageOptions {
  fleet: string;
  /** The name to publish under. */
  image: string;
  /** Where the stand-in for the runner is. */
  runnerDirectory: string;
  modal: { tokenId: string; tokenSecret: string };
}

/** Expects MODAL_SERVER_URL in the environment of this process, which is all that the SDK reads it from. */
export async function publishRehearsalImage({ fleet, image, runnerDirectory, modal }: ImageOptions): Promise<void> {
  const { client, app, close } = await connectModal({ fleet, ...modal, createIfMissing: true });
  try {
    const built = await client.images
      .fromRegistry("ubuntu:24.04")
      .dockerfileCommands([
        `ENV PATH=${packageFile("image", "bin")}:$PATH`,
        `ENV MODAL_GHA_RUNNER_DIR=${runnerDirectory}`,
        `ENV MODAL_GHA_HOOKS_DIR=${packageFile("image", "hooks")}`,
        "ENTRYPOINT []",
      ])
      .build(app);
    await built.publish(image);
  } finally {
    close();
  }
}
