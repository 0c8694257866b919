import type { Sandbox } from "modal";
import { NotFoundError } from "modal";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Bench, shell, startBench } from "./support.ts";

describe.each([{ sandboxV2: false }, { sandboxV2: true }])("exec with sandboxV2 $sandboxV2", ({ sandboxV2 }) => {
  let bench: Bench;
  let sandbox: Sandbox;
  beforeAll(async () => {
    bench = await startBench({ sandboxV2 });
  });
  afterAll(() => bench[Symbol.asyncDispose]());
  beforeEach(async () => {
    sandbox = await bench.create(undefined, { env: { FROM: "sandbox" } });
  });
  afterEach(() => sandbox.terminate());

  test("passes input, output, errors and the exit code", async () => {
    const exec = await sandbox.exec(shell("read line; echo got $line; echo bad >&2; exit 4"));
    await exec.stdin.writeText("a word\n");
    expect(await exec.stdout.readText()).toBe("got a word\n");
    expect(await exec.stderr.readText()).toBe("bad\n");
    expect(await exec.wait()).toBe(4);
  });

  test("streams: output comes before the end", async () => {
    const exec = await sandbox.exec(shell("echo one; read line; echo two"));
    const reader = exec.stdout.getReader();
    expect((await reader.read()).value).toBe("one\n");
    await exec.stdin.writeText("\n");
    expect((await reader.read()).value).toBe("two\n");
  });

  test("carries bytes as they are, and many of them", async () => {
    const exec = await sandbox.exec(["cat"], { mode: "binary" });
    const bytes = new Uint8Array(5_000_000).map((_, index) => index * 7);
    const output = exec.stdout.readBytes();
    await exec.stdin.writeBytes(bytes);
    await exec.stdin.close();
    expect(Buffer.compare(await output, bytes)).toBe(0);
  });

  test("has the Sandbox's environment, its own on top, and Secrets", async () => {
    await bench.client.cpClient.secretGetOrCreate({
      deploymentName: "named",
      objectCreationType: 1,
      envDict: { NAMED: "secret" },
    });
    const named = await bench.client.secrets.fromName("named");
    const inline = await bench.client.secrets.fromObject({ INLINE: "object" });
    const exec = await sandbox.exec(shell("echo $FROM $MINE $NAMED $INLINE"), {
      env: { MINE: "exec" },
      secrets: [named, inline],
    });
    expect(await exec.stdout.readText()).toBe("sandbox exec secret object\n");
  });

  test("starts in the folder it is told, the Sandbox's own if there is one of that name", async () => {
    const pwd = async (workdir?: string) => {
      const exec = await sandbox.exec(["pwd"], workdir ? { workdir } : {});
      return (await exec.stdout.readText()).trim();
    };
    const home = await pwd();
    expect(home).toContain(sandbox.sandboxId);
    expect(await pwd("/usr")).toBe("/usr");
    expect(await pwd("/no/such/folder")).toBe(home);
    await sandbox.filesystem.makeDirectory("/srv/work");
    expect(await pwd("/srv/work")).toBe(`${home}/srv/work`);
  });

  test("throws output away when asked to", async () => {
    const exec = await sandbox.exec(shell("echo nothing; echo nothing >&2"), { stdout: "ignore", stderr: "ignore" });
    expect(await exec.stdout.readText()).toBe("");
    expect(await exec.wait()).toBe(0);
  });

  test("reports a signal as a shell would, and a missing program", async () => {
    const killed = await sandbox.exec(shell("kill -9 $$"));
    expect(await killed.wait()).toBe(137);
    const missing = await sandbox.exec(["no-such-program"]);
    expect(await missing.wait()).toBe(127);
  });

  test("gives a terminal", async () => {
    const exec = await sandbox.exec(
      shell('test -t 0 && test -t 1 && stty size; echo "$TERM"; read l; echo "<$l>"; exit 3'),
      {
        pty: true,
      },
    );
    await exec.stdin.writeText("it's me\n");
    const lines = (await exec.stdout.readText()).split("\r\n");
    // A terminal also shows what is typed.
    expect(lines.filter((line) => line !== "it's me")).toEqual(["24 80", "xterm-256color", "<it's me>", ""]);
    expect(await exec.wait()).toBe(3);
  });

  test("dies with the Sandbox, and cannot be had after it", async () => {
    const exec = await sandbox.exec(shell("trap '' TERM; echo ready; while :; do sleep 0.01; done"));
    await exec.stdout.getReader().read();
    await sandbox.terminate({ wait: true });
    expect(await exec.wait()).toBe(137);
    await expect(sandbox.exec(["true"])).rejects.toThrow(/NOT_FOUND/);
    await expect(sandbox.filesystem.readText("/file")).rejects.toThrow(NotFoundError);
  });
});

test("a terminal where there is no `script` fails with what to install", async () => {
  await using bench = await startBench();
  const sandbox = await bench.create(undefined);
  const path = process.env["PATH"];
  process.env["PATH"] = "/nowhere";
  try {
    await expect(sandbox.exec(["true"], { pty: true })).rejects.toThrow(/Install util-linux/);
  } finally {
    process.env["PATH"] = path;
  }
});
