// `init` interrupted at each of its steps, by a signal and by being killed, and run again; each in a world of its own, at once.
import { describe, expect, it } from "vitest";
import type { RunningCli } from "../cli.ts";
import { bin, isWriting, resultOf, runJob, type Site, siteFor, statesOf } from "./site.ts";

/** Runs init until a call is made, and ends it there with the signal. */
async function until(site: Site, args: string[], isCall: (name: string) => boolean, signal: NodeJS.Signals) {
  let running: RunningCli | undefined;
  const reached = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  site.seam.before = async (name) => {
    if (!running || !isCall(name)) return;
    site.seam.before = async () => undefined;
    running.child.kill(signal);
    reached.resolve();
    // The call is not to take effect before its maker is gone, unless it is made to last.
    await gone.promise;
    throw new Error("interrupted");
  };
  running = site.start(["init", "--no-input", ...args]);
  await Promise.race([reached.promise, running.ended]);
  // A deployment is ended by the signal's receiver, which waits for it.
  const released = signal === "SIGKILL" ? running.ended : Promise.resolve();
  await released;
  gone.resolve();
  const ended = await running.ended;
  site.seam.before = async () => undefined;
  return ended;
}

describe.runIf(bin !== undefined)("init that is interrupted", { timeout: 600_000 }, () => {
  it.concurrent("at the beginning of each step, ends with 130 and goes on from there when it is run again", async (context) => {
    const site = await siteFor(context);
    const args = ["--owner", "acme", ...site.app];
    const titles = [
      ["Modal", "Policy", "GitHub", "Runner image", "Controller", "Secrets"],
      ["Webhook", "Settings", "Installation", "Verification", "Workflow"],
    ].flat();
    for (const [index, title] of titles.entries()) {
      const running = site.start(["init", "--no-input", ...args]);
      await running.untilStderr(new RegExp(`\\[${index + 1}/${titles.length}\\] ${title}`));
      running.child.kill("SIGINT");
      const { code, stdout, stderr } = await running.ended;
      // The last steps may be over before the signal comes.
      expect([0, 130], `${title}: ${stderr}`).toContain(code);
      if (code === 130) expect(stdout).toBe("");
    }
    const last = await site.init([...args, "--json"]);
    expect(statesOf(last)).toMatchObject({ verification: "done" });
    expect(await runJob(site)).toEqual(["success"]);
    site.calls.length = 0;
    expect(resultOf(await site.init(["--json"])).changed).toBe(false);
    expect(site.calls.filter(isWriting)).toEqual([]);
  });

  it.concurrent("killed before each of the calls that change something, leaves nothing that the next run cannot mend", async (context) => {
    const site = await siteFor(context);
    const args = ["--owner", "acme", ...site.app];
    const done: string[] = [];
    for (;;) {
      site.calls.length = 0;
      const known = [...done];
      const isNext = (name: string) => {
        const call = site.calls.at(-1);
        if (!call || call.name !== name || !isWriting(call) || isDeploy.test(name)) return false;
        const count = site.calls.filter((each) => each.name === name && isWriting(each)).length;
        const label = `${name} ${count}`;
        if (known.includes(label)) return false;
        done.push(label);
        return true;
      };
      const { code } = await until(site, args, isNext, "SIGKILL");
      if (code === 0) break;
      expect(code).toBeNull();
    }
    expect(done).toEqual(
      expect.arrayContaining(["SecretGetOrCreate 1", "ImagePublish 1", "SecretUpdate 1", "PATCH /app/hook/config 1"]),
    );
    expect(site.secret.has("MODAL_GHA_SETUP_UNFINISHED")).toBe(false);
    expect(await runJob(site)).toEqual(["success"]);
  });

  it.concurrent("killed after new secrets were written, and before GitHub has them, puts newer ones in place on both sides", async (context) => {
    const site = await siteFor(context);
    expect((await site.init(["--owner", "acme", ...site.app])).code).toBe(0);
    const first = site.secret.get("MODAL_GHA_WEBHOOK_SECRET");
    await until(site, ["--rotate"], (name) => name === "PATCH /app/hook/config", "SIGKILL");
    const second = site.secret.get("MODAL_GHA_WEBHOOK_SECRET");
    expect(second).not.toBe(first);
    const run = await site.init(["--json"]);
    expect(statesOf(run)).toMatchObject({ secrets: "made", webhook: "made", verification: "done" });
    expect(run.stderr).toContain("an earlier run did not come to its end");
    expect(await runJob(site)).toEqual(["success"]);
  });
});

/** Calls of Modal's own client while it deploys; it lives on when we are killed, and is not what is tried here. */
const isDeploy = /^(AppCreate|Function|AppPublish|Mount|Blob|AppClientDisconnect|AppHeartbeat|ImageGetOrCreate)/;
