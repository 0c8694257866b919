// What /__modal/.bin/modal-sandbox-fs-tools does inside a real Sandbox: the file operations of the SDK's
// `sandbox.filesystem`. One JSON argument says what to do; an error is JSON on stderr (the SDK's sandbox_fs_utils).
import { createReadStream, createWriteStream, type Stats } from "node:fs";
import { lstat, mkdir, readdir, readFile, readlink, rename, rm, rmdir, stat, unlink } from "node:fs/promises";
import { basename, dirname, join, posix } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { watchFiles } from "./file-watch.ts";
import { OutsideError, resolveFile, type SandboxPaths } from "./sandbox-paths.ts";

export const fileToolsPath = "/__modal/.bin/modal-sandbox-fs-tools";

export interface FileToolsIo {
  paths: SandboxPaths;
  stdin: Readable;
  stdout: (bytes: Buffer) => void;
  /** Aborts when the Sandbox ends. */
  signal: AbortSignal;
}

/** A failure in the words of the SDK. */
export class FileToolsError extends Error {
  override name = "FileToolsError";
  readonly kind: string;

  constructor(kind: string, message: string) {
    super(message);
    this.kind = kind;
  }
}

const path = z.string();
const commandSchema = z.union([
  z.object({ ReadFile: z.object({ path }) }),
  z.object({ WriteFile: z.object({ path }) }),
  z.object({ ListFiles: z.object({ path }) }),
  z.object({ Stat: z.object({ path }) }),
  z.object({ MakeDirectory: z.object({ path, parents: z.boolean() }) }),
  z.object({ Remove: z.object({ path, recursive: z.boolean() }) }),
  z.object({
    Watch: z.object({
      path,
      recursive: z.boolean(),
      filter: z.array(z.string()).nullable(),
      timeout_secs: z.number().nullable(),
    }),
  }),
]);

const kinds: Record<string, [kind: string, message: string]> = {
  ENOENT: ["NotFound", "No such file or directory"],
  EISDIR: ["IsDirectory", "Is a directory"],
  ENOTDIR: ["NotDirectory", "Not a directory"],
  EACCES: ["PermissionDenied", "Permission denied"],
  EPERM: ["PermissionDenied", "Operation not permitted"],
  EEXIST: ["PathAlreadyExists", "Path already exists"],
  ENOTEMPTY: ["DirectoryNotEmpty", "Directory not empty"],
};
/** Bytes; Modal refuses to read larger files. */
const maxReadSize = 5 * 1024 ** 3;

function toFileToolsError(error: unknown): FileToolsError {
  if (error instanceof FileToolsError) return error;
  if (error instanceof OutsideError) return new FileToolsError("PermissionDenied", error.message);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return new FileToolsError(...(kinds[code] ?? ["Other", error instanceof Error ? error.message : String(error)]));
}

async function nameOf(id: number, file: "/etc/passwd" | "/etc/group"): Promise<string> {
  const lines = await readFile(file, "utf8").catch(() => "");
  const line = lines.split("\n").find((entry) => entry.split(":")[2] === String(id));
  return line?.split(":")[0] ?? String(id);
}

async function describe(remotePath: string, file: string, stats: Stats) {
  const link = stats.isSymbolicLink();
  return {
    name: posix.basename(remotePath),
    path: remotePath,
    type: link ? "symlink" : stats.isDirectory() ? "directory" : "file",
    size: stats.size,
    mode: stats.mode,
    permissions: (stats.mode & 0o7777).toString(8).padStart(4, "0"),
    owner: await nameOf(stats.uid, "/etc/passwd"),
    group: await nameOf(stats.gid, "/etc/group"),
    modified_time: stats.mtimeMs / 1000,
    symlink_target: link ? await readlink(file) : null,
  };
}

async function listFiles(remotePath: string, { paths, stdout }: FileToolsIo): Promise<void> {
  const folder = await resolveFile(paths, remotePath);
  const names = (await readdir(folder)).sort();
  const entries = names.map(async (name) => {
    const file = join(folder, name);
    return describe(posix.join(remotePath, name), file, await lstat(file));
  });
  stdout(Buffer.from(JSON.stringify(await Promise.all(entries))));
}

async function readWhole(remotePath: string, { paths, stdout }: FileToolsIo): Promise<void> {
  const file = await resolveFile(paths, remotePath);
  if ((await stat(file)).size > maxReadSize) throw new FileToolsError("FileTooLarge", "File too large");
  for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 })) stdout(chunk);
}

/** Into a file beside it first, so that a write which breaks off leaves what was there. */
async function write(remotePath: string, { paths, stdin, signal }: FileToolsIo): Promise<void> {
  const file = await resolveFile(paths, remotePath);
  await mkdir(dirname(file), { recursive: true });
  const old = await stat(file).catch(() => undefined);
  if (old?.isDirectory()) throw new FileToolsError("IsDirectory", "Is a directory");
  const partial = join(dirname(file), `.${basename(file)}.${process.hrtime.bigint()}.partial`);
  try {
    await pipeline(stdin, createWriteStream(partial, { mode: old?.mode }), { signal });
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function remove(remotePath: string, recursive: boolean, paths: SandboxPaths): Promise<void> {
  const file = await resolveFile(paths, remotePath, false);
  if (file === paths.folder) throw new FileToolsError("PermissionDenied", "The root cannot be removed");
  if (!(await lstat(file)).isDirectory()) await unlink(file);
  else if (recursive) await rm(file, { recursive: true });
  else await rmdir(file);
}

/**
 * Does what one JSON argument says.
 * @throws FileToolsError
 */
export async function runFileTools(argument: string, io: FileToolsIo): Promise<void> {
  try {
    const command = commandSchema.parse(JSON.parse(argument));
    if ("ReadFile" in command) return await readWhole(command.ReadFile.path, io);
    if ("WriteFile" in command) return await write(command.WriteFile.path, io);
    if ("ListFiles" in command) return await listFiles(command.ListFiles.path, io);
    if ("Remove" in command) return await remove(command.Remove.path, command.Remove.recursive, io.paths);
    if ("Watch" in command) return await watchFiles(command.Watch, io);
    if ("Stat" in command) {
      const remotePath = posix.normalize(command.Stat.path);
      const file = await resolveFile(io.paths, remotePath, false);
      return io.stdout(Buffer.from(JSON.stringify(await describe(remotePath, file, await lstat(file)))));
    }
    const { path: remotePath, parents } = command.MakeDirectory;
    await mkdir(await resolveFile(io.paths, remotePath), { recursive: parents });
  } catch (error) {
    throw toFileToolsError(error);
  }
}
