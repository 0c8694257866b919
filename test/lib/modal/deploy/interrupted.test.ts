// Deploys that are interrupted: nothing of them is left running, and what they leave behind is told.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ServerError, Status } from "nice-grpc";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { controllerAppName } from "../../../../src/lib/modal/names.ts";
import { processesWith, until } from "../../../e2e/cli.ts";
import { modalClient } from "../../../python.ts";
import { healthOf, programIn, type Site, siteWith } from "./support.ts";

const bin = (await modalClient()) ?? "";

/** Interrupts a deploy when Modal is asked this; what Modal's client asks is not answered any more. */
async function interruptedAt(site: Site, wanted: string) {
  const controller = new AbortController();
  site.intercept.modal = async ({ method }) => {
    if (method === wanted) controller.abort(new Error("interrupted by the test"));
    const isOfTheClient = method === wanted && method !== "FunctionGet";
    if (isOfTheClient) throw new ServerError(Status.UNAVAILABLE, "not before it was interrupted");
    return "proceed";
  };
  const deploying = site.deploy({ signal: controller.signal });
  await expect(deploying).rejects.toThrow("interrupted by the test");
  site.intercept.modal = async () => "proceed";
  return site.progress.at(-1);
}

describe.runIf(bin !== "")("an interrupted deploy", () => {
  it.each(["MountGetOrCreate", "FunctionCreate"])("changes nothing at %s, and says so", async (method) => {
    const site = await siteWith([bin]);
    // Others' deploys leave theirs elsewhere.
    vi.stubEnv("TMPDIR", site.folder);
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(await interruptedAt(site, method)).toBe("Nothing was deployed.");
    expect(readdirSync(site.folder).filter((name) => name.startsWith("modal-gha-"))).toEqual([]);
    const { url } = await site.deploy();
    expect(await interruptedAt(site, method)).toBe("Nothing was changed: version 1 serves on.");
    expect(await healthOf(url)).toMatchObject({ ok: true });
  });

  it("that was published already says that it serves", async () => {
    const site = await siteWith([bin]);
    expect(await interruptedAt(site, "FunctionGet")).toMatch(/^Version 1 is deployed and serves; .*modal-gha deploy$/);
    expect(await site.access.client.apps.fromName(controllerAppName("deployed"))).toBeDefined();
  });

  it("ends the client, whatever it does", async () => {
    const site = await siteWith([]);
    const mark = join(site.folder, "has-begun");
    const stubborn = await programIn(
      site.folder,
      "modal",
      `[ "$1" = --version ] && echo modal client version: 1.6.4 && exit\n` +
        `trap '' TERM\ntouch ${mark}\nwhile true; do sleep 0.1; done`,
    );
    const controller = new AbortController();
    const env = { ...site.env, PATH: `${stubborn}:${site.env["PATH"]}` };
    const deploying = site.deploy({ env, signal: controller.signal });
    await until("the client has begun", () => existsSync(mark));
    controller.abort(new Error("interrupted by the test"));
    await expect(deploying).rejects.toThrow("interrupted by the test");
    expect(processesWith(join(stubborn, "modal"))).toEqual([]);
  });

  it.each(["TaskExecStdinWriteStream", "FunctionCreate"])("from a Sandbox ends that at %s", async (method) => {
    const site = await siteWith([]);
    expect(await interruptedAt(site, method)).toBe("Nothing was deployed.");
    await until("no Sandbox is left", () => site.modal.running().length === 0);
    expect((await site.deploy()).via).toBe("sandbox");
  });
});
