// Builds one layer of an image on Modal and passes on what the build prints. The SDK's own `image.build()` waits in the
// same way, but keeps the log to itself (modal 0.11.1, src/image.ts).
import { setTimeout as delay } from "node:timers/promises";
import type { ModalClient } from "modal";

/** GenericStatus of the protocol. */
const status = { success: 1, failure: 2, terminated: 3, timeout: 4, evicted: 8 } as const;

/** Seconds that one call waits for news; as the SDK has it. */
const joinSeconds = 55;
/** gRPC: what a broken connection may end a stream with (grpc.io/docs/guides/status-codes). */
const broken = new Set([1, 2, 4, 13, 14]);
/** How often in a row a broken stream is taken up again without any news. */
const mostBreaks = 5;

export interface LayerRequest {
  appId: string;
  /** Lines, FROM among them. */
  dockerfileCommands: string[];
  /** What `FROM base` means; undefined for a base of a registry. */
  baseImageId: string | undefined;
  builderVersion: string;
  force: boolean;
}

export interface LayerListener {
  /** Hears each line that the build prints. */
  onLine(line: string): void;
  signal: AbortSignal;
  /** Milliseconds before a broken stream is taken up again. Default 1000. */
  retryMs?: number;
}

/** Modal could not build a layer. */
export class ImageBuildError extends Error {
  override name = "ImageBuildError";
  readonly imageId: string;

  constructor(imageId: string, message: string) {
    super(message);
    this.imageId = imageId;
  }
}

type Result = { status: number; exception: string };

/**
 * @returns the layer's id
 * @throws ImageBuildError, or what the SDK's gRPC client throws
 */
export async function buildLayer(client: ModalClient, request: LayerRequest, listener: LayerListener): Promise<string> {
  const { appId, dockerfileCommands, baseImageId, builderVersion, force } = request;
  const { imageId, result } = await client.cpClient.imageGetOrCreate(
    {
      appId,
      image: {
        dockerfileCommands,
        baseImages: baseImageId === undefined ? [] : [{ dockerTag: "base", imageId: baseImageId }],
      },
      builderVersion,
      forceBuild: force,
    },
    { signal: listener.signal },
  );
  // There at once: built before.
  const outcome = result?.status ? result : await join(client, imageId, listener);
  const fault = faultOf(outcome);
  if (fault !== undefined) throw new ImageBuildError(imageId, fault);
  return imageId;
}

/** Follows a build to its end, over as many calls as that takes. */
async function join(client: ModalClient, imageId: string, listener: LayerListener): Promise<Result> {
  const { onLine, signal, retryMs = 1_000 } = listener;
  let lastEntryId = "";
  let rest = "";
  let breaks = 0;
  for (;;) {
    try {
      const request = { imageId, timeout: joinSeconds, lastEntryId };
      for await (const item of client.cpClient.imageJoinStreaming(request, { signal })) {
        breaks = 0;
        if (item.entryId) lastEntryId = item.entryId;
        const lines = (rest + item.taskLogs.map(({ data }) => data).join("")).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) onLine(line.replace(/\r$/, ""));
        if (!item.result?.status) continue;
        if (rest !== "") onLine(rest);
        return item.result;
      }
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (signal.aborted || !broken.has(code as number) || ++breaks > mostBreaks) throw error;
      await delay(retryMs, undefined, { signal });
    }
  }
}

function faultOf({ status: outcome, exception }: Result): string | undefined {
  const reason = exception.trim() === "" ? "" : `: ${exception.trim()}`;
  switch (outcome) {
    case status.success:
      return undefined;
    case status.terminated:
      return `Modal ended the build${reason || ". Try again"}`;
    case status.timeout:
      return `the build took longer than Modal allows${reason}`;
    case status.evicted:
      return `the build ran out of memory${reason}`;
    default:
      return `the build failed${reason || `, with status ${outcome}`}`;
  }
}
