import { EventEmitter } from "node:events";
import { beforeEach, describe, expect, it } from "vitest";
import { AbortError, InterruptedError, OutputClosedError } from "../../../src/lib/cli/errors.ts";
import { CleanUpError, outputClosedEvent, type SignalHost, withInterruption } from "../../../src/lib/cli/interrupt.ts";

class Host extends EventEmitter implements SignalHost {
  exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
  listenerTotal(): number {
    return this.eventNames().length;
  }
}

let host: Host;
beforeEach(() => {
  host = new Host();
});

/** Work that ends when it is told to. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error("socket hang up")));
  });
}

describe("withInterruption", () => {
  it("hands back what the work returns, after its clean-up, last registered first", async () => {
    const order: string[] = [];
    const result = await withInterruption(async ({ onEnd }) => {
      onEnd(async () => void order.push("first"));
      onEnd(() => void order.push("second"));
      return 42;
    }, host);
    expect([result, order]).toEqual([42, ["second", "first"]]);
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP"])("aborts on %s and waits for the clean-up", async (name) => {
    let cleaned = false;
    const work = withInterruption(async ({ signal, onEnd }) => {
      onEnd(async () => {
        await new Promise(setImmediate);
        cleaned = true;
      });
      await untilAborted(signal);
    }, host);
    host.emit(name, name);
    const error = await work.catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InterruptedError);
    expect(error).toMatchObject({ exitCode: 130 });
    expect(cleaned).toBe(true);
    expect(host.exits).toEqual([]);
  });

  it("counts as interrupted even if the work then ends well", async () => {
    const work = withInterruption(async ({ signal }) => untilAborted(signal).catch(() => "fine"), host);
    host.emit("SIGINT", "SIGINT");
    await expect(work).rejects.toBeInstanceOf(InterruptedError);
  });

  it("ends at once on a second SIGINT", async () => {
    let release = () => {};
    const work = withInterruption(() => new Promise<void>((resolve) => (release = resolve)), host);
    host.emit("SIGINT", "SIGINT");
    expect(host.exits).toEqual([]);
    host.emit("SIGINT", "SIGINT");
    expect(host.exits).toEqual([130]);
    release();
    await expect(work).rejects.toBeInstanceOf(InterruptedError);
  });

  it("cleans up when the reader of the output goes away", async () => {
    const work = withInterruption(({ signal }) => untilAborted(signal), host);
    host.emit(outputClosedEvent);
    await expect(work).rejects.toBeInstanceOf(OutputClosedError);
  });

  it("tells what could not be cleaned up, having tried the rest", async () => {
    let rest = false;
    const work = withInterruption(async ({ signal, onEnd }) => {
      onEnd(() => {
        rest = true;
      });
      onEnd(() => Promise.reject(new Error("Sandbox sb-1 is still there")));
      await untilAborted(signal);
    }, host);
    host.emit("SIGINT", "SIGINT");
    const error = await work.catch((e: unknown) => e);
    expect(error).toBeInstanceOf(CleanUpError);
    expect((error as Error).message).toBe("Sandbox sb-1 is still there");
    expect(rest).toBe(true);
  });

  it("keeps what the work itself has to say about the interruption", async () => {
    const work = withInterruption(async ({ signal }) => {
      await untilAborted(signal).catch(() => {
        throw new AbortError("Stopped half-way.");
      });
    }, host);
    host.emit("SIGINT", "SIGINT");
    await expect(work).rejects.toThrow("Stopped half-way.");
  });

  it("leaves no listeners behind, whether the work fails or not", async () => {
    await withInterruption(async () => {}, host);
    await withInterruption(() => Promise.reject(new Error("no")), host).catch(() => {});
    expect(host.listenerTotal()).toBe(0);
  });
});
