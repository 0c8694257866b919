import type { App, ModalClient } from "modal";
import { expect, it } from "vitest";
import type { AbortError } from "../../../src/lib/cli/errors.ts";
import { anonymousGitHub } from "../../../src/lib/github/client.ts";
import { buildImage } from "../../../src/lib/operations/build-image.ts";
import { worldWith } from "../github/support.ts";

it("a build that fails at Modal says in which layer, why, that nothing changed, and what to do", async () => {
  const { emulator } = await worldWith();
  const published: unknown[] = [];
  let layers = 0;
  const cpClient = {
    imageGetOrCreate: async () => ({
      imageId: `im-${++layers}`,
      result: layers < 3 ? { status: 1, exception: "" } : undefined,
    }),
    async *imageJoinStreaming() {
      yield { taskLogs: [{ data: "curl: (22) The requested URL returned error: 404\n" }], entryId: "1" };
      yield { taskLogs: [], entryId: "2", result: { status: 2, exception: "RUN exited with 22" } };
    },
    imagePublish: async (request: unknown) => published.push(request),
  };
  const client = { cpClient, getImageBuilderVersion: async () => "2025.06", environmentName: () => "" };
  const lines: string[] = [];
  const notes: string[] = [];
  const soon = Date.UTC(2026, 11, 7);
  const built = buildImage({
    modal: { client: client as unknown as ModalClient, app: { appId: "ap-1" } as App },
    github: {
      octokit: anonymousGitHub(emulator.url),
      deprecation: async (version) => ({ version, deprecatesAt: soon, registrationEndsAt: undefined }),
    },
    name: "modal-gha-runner",
    variant: "standard",
    runnerVersion: "2.337.0",
    signal: new AbortController().signal,
    onLine: (line) => lines.push(line),
    onNote: (text) => notes.push(text),
    now: () => Date.UTC(2026, 10, 24),
  });
  const error = await built.then(
    () => undefined,
    (reason: AbortError) => reason,
  );
  expect(error).toMatchObject({
    message: "The image could not be built.",
    code: "image-build-failed",
    exitCode: 1,
    why: expect.stringMatching(
      /^\[3\/5\] actions\/runner.*: the build failed: RUN exited with 22\. Nothing was published; the image in use stays\.$/,
    ),
    nextSteps: [expect.stringContaining("build again")],
  });
  expect(lines.at(-1)).toContain("returned error: 404");
  expect(notes).toContain("Warning: runner 2.337.0 gets no jobs from 2026-12-07 on, which is in 13 days.");
  expect(published).toEqual([]);
});
