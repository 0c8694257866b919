import { symlink } from "node:fs/promises";
import { join } from "node:path";
import {
  type Sandbox,
  SandboxFilesystemDirectoryNotEmptyError,
  SandboxFilesystemFileTooLargeError,
  SandboxFilesystemIsADirectoryError,
  SandboxFilesystemNotADirectoryError,
  SandboxFilesystemNotFoundError,
  SandboxFilesystemPathAlreadyExistsError,
  SandboxFilesystemPermissionError,
} from "modal";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Bench, collect, shell, startBench } from "./support.ts";

let bench: Bench;
let sandbox: Sandbox;
let folder: string;
beforeAll(async () => {
  bench = await startBench();
  sandbox = await bench.create(undefined);
  folder = join(bench.directory, "sandboxes", sandbox.sandboxId);
});
afterAll(() => bench[Symbol.asyncDispose]());

test("what is written can be read, by processes as well", async () => {
  await sandbox.filesystem.writeText("snow: ☃\n", "/a/b/text");
  expect(await sandbox.filesystem.readText("/a/b/text")).toBe("snow: ☃\n");
  const exec = await sandbox.exec(["cat", "a/b/text"]);
  expect(await exec.stdout.readText()).toBe("snow: ☃\n");
  await sandbox.filesystem.writeText("", "/a/b/text");
  expect(await sandbox.filesystem.readText("/a/b/text")).toBe("");
});

test("large files pass", async () => {
  const bytes = new Uint8Array(6_000_000).map((_, index) => index * 13);
  await sandbox.filesystem.writeBytes(bytes, "/large");
  expect(Buffer.compare(await sandbox.filesystem.readBytes("/large"), bytes)).toBe(0);
});

test("a file can be described", async () => {
  await sandbox.filesystem.writeText("12345", "/described/file");
  const shown = await sandbox.exec(["stat", "-c", "%a %U %G %f", "described/file"]);
  const [permissions, owner, group, mode] = (await shown.stdout.readText()).trim().split(" ");
  expect(await sandbox.filesystem.stat("/described/file")).toEqual({
    name: "file",
    path: "/described/file",
    type: "file",
    size: 5,
    mode: Number.parseInt(mode ?? "", 16),
    permissions: permissions?.padStart(4, "0"),
    owner,
    group,
    modifiedTime: expect.any(Number),
    symlinkTarget: null,
  });
});

test("a folder is listed by name, links as links", async () => {
  await sandbox.filesystem.makeDirectory("/list/c");
  await sandbox.filesystem.writeText("", "/list/a");
  await symlink("nowhere", join(folder, "list", "b"));
  const entries = await sandbox.filesystem.listFiles("/list");
  expect(entries.map(({ name, path, type, symlinkTarget }) => [name, path, type, symlinkTarget])).toEqual([
    ["a", "/list/a", "file", null],
    ["b", "/list/b", "symlink", "nowhere"],
    ["c", "/list/c", "directory", null],
  ]);
  expect((await sandbox.filesystem.stat("/list/b")).type).toBe("symlink");
});

test("files and folders are removed", async () => {
  await sandbox.filesystem.writeText("", "/gone/deep/file");
  await expect(sandbox.filesystem.remove("/gone")).rejects.toThrow(SandboxFilesystemDirectoryNotEmptyError);
  await sandbox.filesystem.remove("/gone/deep/file");
  await sandbox.filesystem.remove("/gone/deep");
  await sandbox.filesystem.writeText("", "/gone/again/file");
  await sandbox.filesystem.remove("/gone", { recursive: true });
  await expect(sandbox.filesystem.stat("/gone")).rejects.toThrow(SandboxFilesystemNotFoundError);
});

test("errors are told apart", async () => {
  const { filesystem } = sandbox;
  await filesystem.writeText("", "/errors/file");
  await expect(filesystem.readText("/errors/none")).rejects.toThrow(SandboxFilesystemNotFoundError);
  await expect(filesystem.readText("/errors")).rejects.toThrow(SandboxFilesystemIsADirectoryError);
  await expect(filesystem.writeText("x", "/errors")).rejects.toThrow(SandboxFilesystemIsADirectoryError);
  await expect(filesystem.writeText("x", "/errors/file/x")).rejects.toThrow(SandboxFilesystemNotADirectoryError);
  await expect(filesystem.listFiles("/errors/file")).rejects.toThrow(SandboxFilesystemNotADirectoryError);
  await expect(filesystem.stat("/errors/file/x")).rejects.toThrow(SandboxFilesystemNotADirectoryError);
  await expect(filesystem.makeDirectory("/errors/file")).rejects.toThrow(SandboxFilesystemPathAlreadyExistsError);
  await expect(filesystem.makeDirectory("/errors/a/b", { createParents: false })).rejects.toThrow(
    SandboxFilesystemNotFoundError,
  );
  await filesystem.makeDirectory("/errors");
  await (await sandbox.exec(["truncate", "-s", "6G", "errors/sparse"])).wait();
  await expect(filesystem.readBytes("/errors/sparse")).rejects.toThrow(SandboxFilesystemFileTooLargeError);
});

test("nothing outside the Sandbox's folder can be reached", async () => {
  await expect(sandbox.filesystem.readText("/etc/passwd")).rejects.toThrow(SandboxFilesystemNotFoundError);
  await expect(sandbox.filesystem.readText("/../../../../etc/passwd")).rejects.toThrow(SandboxFilesystemNotFoundError);
  await symlink("/etc", join(folder, "way-out"));
  await expect(sandbox.filesystem.readText("/way-out/passwd")).rejects.toThrow(SandboxFilesystemPermissionError);
  await expect(sandbox.filesystem.writeText("x", "/way-out/new")).rejects.toThrow(SandboxFilesystemPermissionError);
  await expect(sandbox.filesystem.listFiles("/way-out")).rejects.toThrow(SandboxFilesystemPermissionError);
  await expect(sandbox.filesystem.remove("/", { recursive: true })).rejects.toThrow(SandboxFilesystemPermissionError);
});

test("a path that a process tells can be used as it is", async () => {
  const exec = await sandbox.exec(shell("echo inside > told; realpath told"));
  const path = (await exec.stdout.readText()).trim();
  expect(await sandbox.filesystem.readText(path)).toBe("inside\n");
});

test("changes can be watched", async () => {
  await sandbox.filesystem.makeDirectory("/watched");
  const events = sandbox.filesystem
    .watch("/watched", { filter: ["Create"], timeoutMs: 10_000 })
    [Symbol.asyncIterator]();
  const first = events.next();
  // Nothing tells when the watch is in place, so files are made until one is seen.
  let seen = false;
  void first.then(() => {
    seen = true;
  });
  for (let index = 0; !seen; index++) await sandbox.filesystem.makeDirectory(`/watched/${index}`);
  expect((await first).value).toMatchObject({
    eventType: "Create",
    paths: [expect.stringMatching(/^\/watched\/\d+$/)],
  });
  await events.return?.();
  await expect(collect(sandbox.filesystem.watch("/not-there"))).rejects.toThrow(SandboxFilesystemNotFoundError);
});
