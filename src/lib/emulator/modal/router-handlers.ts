// The task command router: exec in Sandboxes of both backends, and the standard streams of V2 ones.
import type { CallContext } from "nice-grpc";
import type { CommandRouterHandlers } from "./definitions.ts";
import { invalid, notFound } from "./errors.ts";
import type { Exec } from "./exec.ts";
import type { SandboxStore } from "./sandbox-store.ts";
import type { Secrets } from "./secrets.ts";

export function routerHandlers(sandboxes: SandboxStore, secrets: Secrets): CommandRouterHandlers {
  const execOf = async ({ taskId, execId }: { taskId: string; execId: string }): Promise<Exec> => {
    const exec = await sandboxes.ofTask(taskId).execs.get(execId);
    if (!exec) throw notFound(`Exec ${execId} not found`);
    return exec;
  };
  return {
    taskExecStart: async (request) => {
      const values = { ...secrets.values(request.secretIds), ...secrets.resolve(request.secretSources) };
      await sandboxes.ofTask(request.taskId).exec(request, values);
      return {};
    },
    taskExecWait: async (request, { signal }: CallContext) => {
      const exec = await execOf(request);
      while (!exec.exit && !signal.aborted) await exec.changed.wait({ signal });
      return exec.exit ?? {};
    },
    taskExecPoll: async (request) => (await execOf(request)).exit ?? {},
    async *taskExecStdioRead(request, { signal }) {
      const exec = await execOf(request);
      const log = request.fileDescriptor === 0 ? exec.stdout : exec.stderr;
      for await (const { data } of log.read(request.offset, signal)) yield { data };
    },
    taskExecStdinWrite: async (request) => {
      sandboxes.ofTask(request.taskId).touch();
      await (await execOf(request)).stdin.write(request.offset, request.data, request.eof);
      return {};
    },
    taskExecStdinStatus: async (request) => {
      const { stdin } = await execOf(request);
      return { numBytesWritten: stdin.bytesWritten, closed: stdin.closed };
    },
    taskExecStdinWriteStream: async (messages) => {
      let exec: Exec | undefined;
      let offset = 0;
      for await (const { start, data, end } of messages) {
        if (start) {
          exec = await execOf(start);
          offset = start.offset;
        } else if (!exec) {
          throw invalid("The first message must say which exec is meant");
        } else if (data) {
          await exec.stdin.write(offset, data, false);
          offset += data.length;
        } else if (end) {
          await exec.stdin.write(offset, new Uint8Array(), true);
        }
      }
      return {};
    },
    async *sandboxStdioReadV2({ taskId, offset, fileDescriptor }, { signal }) {
      const sandbox = sandboxes.ofTask(taskId);
      const log = fileDescriptor === 0 ? sandbox.stdout : sandbox.stderr;
      for await (const chunk of log.read(offset, signal)) yield { data: chunk.data, startingOffset: chunk.offset };
    },
    sandboxStdinWriteV2: async ({ taskId, offset, data, eof }) => {
      const sandbox = sandboxes.ofTask(taskId);
      sandbox.touch();
      await sandbox.stdin.write(offset, data, eof);
      return {};
    },
    // Volumes are folders of this machine: always up to date.
    taskReloadVolumes: async ({ taskId }) => {
      sandboxes.ofTask(taskId);
      return {};
    },
  };
}
