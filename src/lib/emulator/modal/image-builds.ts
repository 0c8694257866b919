// Builds of image layers: nothing is built but Python environments, yet each tells of its steps as a build does, and may
// be made to fail.
import type { ControlPlaneHandlers } from "./definitions.ts";
import { notFound } from "./errors.ts";
import { LogBook } from "./log-book.ts";
import { PythonError, pythonEnvironment } from "./python.ts";

/** Words with which a layer's build is to fail; undefined for one that succeeds. */
export type FailImageBuild = (dockerfileCommands: readonly string[]) => string | undefined;

interface Build {
  log: LogBook;
  /** What failed; undefined while it goes on, and after it went well. */
  fault: string | undefined;
  builderVersion: string;
}

/** GenericStatus of the protocol. */
const success = 1 as const;
const failure = 2 as const;
/** TaskState: the task runs. */
const active = 4 as const;

export class ImageBuilds {
  readonly #builds = new Map<string, Build>();
  readonly #fail: FailImageBuild;

  constructor(fail: FailImageBuild = () => undefined) {
    this.#fail = fail;
  }

  /**
   * Builds a layer in the background.
   * @param onBuilt takes the folder of its Python's programs, where it has any
   */
  start(
    layer: { imageId: string; dockerfileCommands: readonly string[]; pipRequirements: readonly string[] },
    builderVersion: string,
    onBuilt: (pythonBin: string | undefined) => void,
  ): void {
    const build: Build = { log: new LogBook(), fault: undefined, builderVersion };
    this.#builds.set(layer.imageId, build);
    const say = (line: string) => build.log.append(1, Buffer.from(`${line}\n`));
    void (async () => {
      for (const [index, command] of layer.dockerfileCommands.entries()) {
        say(`=> Step ${index}: ${command.split("\n")[0]}`);
      }
      build.fault = this.#fail(layer.dockerfileCommands);
      if (build.fault !== undefined) return;
      const { pipRequirements } = layer;
      onBuilt(pipRequirements.length > 0 ? await pythonEnvironment(pipRequirements, say) : undefined);
    })()
      .catch((error: unknown) => {
        build.fault = error instanceof PythonError ? error.message : String(error);
      })
      .finally(() => {
        say(build.fault ?? `Built image ${layer.imageId}`);
        build.log.end();
      });
  }

  isUnderWay(imageId: string): boolean {
    return this.#builds.get(imageId)?.log.ended === false;
  }

  readonly join: NonNullable<ControlPlaneHandlers["imageJoinStreaming"]> = (request, { signal }) =>
    this.#join(request, signal);

  async *#join(
    { imageId, timeout, lastEntryId }: { imageId: string; timeout: number; lastEntryId: string },
    signal: AbortSignal,
  ) {
    const build = this.#builds.get(imageId);
    if (!build) throw notFound(`Could not find image with ID ${imageId}`);
    const deadline = Date.now() + timeout * 1000;
    let last = Number.parseInt(lastEntryId, 10) || 0;
    while (!signal.aborted && Date.now() < deadline) {
      const { ended } = build.log;
      for (const { index, data, time, fileDescriptor } of build.log.after(last)) {
        last = index;
        const taskLogs = [{ data, timestamp: time / 1000, fileDescriptor, taskState: active }];
        yield { entryId: String(index), taskLogs };
      }
      if (ended) {
        const { fault, builderVersion } = build;
        const result = fault === undefined ? { status: success } : { status: failure, exception: fault };
        yield { entryId: String(last), result, metadata: { imageBuilderVersion: builderVersion }, eof: true };
        return;
      }
      await build.log.changed.wait({ signal, timeoutMs: deadline - Date.now() });
    }
  }
}
