// `init --create-app`: the GitHub App is made by a person in a browser, who then installs it.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Shown, show, submit } from "../../lib/github/setup/support.ts";
import { findChromium, startBrowser } from "../browser.ts";
import type { RunningCli } from "../cli.ts";
import { bin, isWriting, resultOf, runJob, type Site, siteWith, statesOf } from "./site.ts";

const args = ["init", "--no-input", "--owner", "acme", "--create-app", "--no-browser", "--wait", "10m", "--json"];

async function pageOf(running: RunningCli): Promise<string> {
  const said = await running.untilStderr(/Open http\S+ in a browser/);
  return /Open (http:\/\/127\.0\.0\.1:\d+\/) in/.exec(said)?.[1] as string;
}

/** As a person does it: our page, GitHub's, and ours again. */
async function makeApp(running: RunningCli): Promise<Shown> {
  return submit(await submit(await show(await pageOf(running))));
}

async function install(site: Site, running: RunningCli): Promise<void> {
  const said = await running.untilStderr(/Install the App: \S+/);
  const page = /Install the App: (\S+)/.exec(said)?.[1] as string;
  expect(page.startsWith(`${site.github.url}/apps/`)).toBe(true);
  await fetch(page, { method: "POST" });
}

describe.runIf(bin !== undefined)("init --create-app", { timeout: 600_000 }, () => {
  it("makes the App after the controller, keeps its key for its owner alone, and is verified by GitHub's ping", async () => {
    const site = await siteWith();
    const running = site.start(args);
    const done = await makeApp(running);
    expect(done.html).toContain("go back to the terminal");
    await install(site, running);
    const run = await running.ended;
    expect(statesOf(run)).toMatchObject({
      github: "made",
      secrets: "made",
      installation: "made",
      verification: "done",
    });
    const { appId, webhookUrl } = resultOf(run);
    expect(appId).not.toBe(site.github.app.id);
    expect(run.stderr).toContain("The controller has the same webhook secret as GitHub.");
    const key = join(site.home, ".config", "modal-gha", "acme.private-key.pem");
    expect(statSync(key).mode & 0o777).toBe(0o600);
    expect(statSync(join(key, "..")).mode & 0o077).toBe(0);
    expect(site.secret.get("MODAL_GHA_PRIVATE_KEY")).toBe(readFileSync(key, "utf8"));
    expect(site.secret.get("MODAL_GHA_APP_ID")).toBe(String(appId));
    // GitHub's own secret is the one: it was never sent to GitHub.
    const sent = site.calls.filter(({ name }) => name === "PATCH /app/hook/config");
    expect(sent.every(({ text }) => !text.includes("secret"))).toBe(true);
    expect(JSON.parse(sent.at(-1)?.text ?? `{"url":"${webhookUrl}"}`)).toMatchObject({ url: webhookUrl });

    expect(await runJob(site)).toEqual(["success"]);

    // The App is known by now: with the same flags no other is made.
    site.calls.length = 0;
    const again = await site.start(args).ended;
    expect(resultOf(again)).toMatchObject({ appId, changed: false });
    expect(site.calls.filter(isWriting)).toEqual([]);
  });

  it("goes on with the App when it is killed right after that was made", async () => {
    const site = await siteWith();
    let running: RunningCli | undefined;
    let updates = 0;
    site.seam.before = async (name) => {
      if (name !== "SecretUpdate" || updates++ > 0) return;
      running?.child.kill("SIGKILL");
      await running?.ended;
      throw new Error("killed");
    };
    running = site.start(args);
    await makeApp(running);
    expect((await running.ended).code).toBeNull();
    expect(site.secret.has("MODAL_GHA_APP_ID")).toBe(true);
    const before = site.calls.filter(({ name }) => name.endsWith("/conversions")).length;
    expect(before).toBe(1);

    const second = site.start(args);
    await install(site, second);
    expect(statesOf(await second.ended)).toMatchObject({ github: "unchanged", secrets: "made", verification: "done" });
    expect(site.calls.filter(({ name }) => name.endsWith("/conversions"))).toHaveLength(1);
  });

  it("replaces an App when that is asked for, and the one of before does not take the fleet back", async () => {
    const site = await siteWith();
    expect((await site.init(["--owner", "acme", ...site.app])).code).toBe(0);
    const running = site.start([...args, "--rotate"]);
    await makeApp(running);
    await install(site, running);
    const { appId } = resultOf(await running.ended);
    expect(appId).not.toBe(site.github.app.id);
    expect(await runJob(site)).toEqual(["success"]);
    site.calls.length = 0;
    const back = await site.init([...site.app]);
    expect(back).toMatchObject({ code: 1, stdout: "" });
    expect(back.stderr).toMatch(/runs with another GitHub App/);
    expect(site.calls.filter(isWriting)).toEqual([]);
    expect(resultOf(await site.init(["--json"]))).toMatchObject({ appId, changed: false });
  });

  it("ends at Ctrl-C while it waits for the browser, and makes nothing", async () => {
    const site = await siteWith();
    const running = site.start(args);
    const url = await pageOf(running);
    running.child.kill("SIGINT");
    expect((await running.ended).code).toBe(130);
    await expect(fetch(url)).rejects.toThrow();
    expect(site.secret.has("MODAL_GHA_APP_ID")).toBe(false);
  });

  it("says what to do when GitHub does not hand the App out", async () => {
    const site = await siteWith({
      github: {
        intercept: async (request, answer) =>
          request.url.endsWith("/conversions")
            ? Response.json({ message: "Validation Failed" }, { status: 422 })
            : answer(),
      },
    });
    const running = site.start(args);
    const shown = await makeApp(running);
    expect(shown.html).toContain("That did not work");
    const { code, stdout } = await running.ended;
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      error: {
        code: "conversion-refused",
        nextSteps: [expect.stringContaining("Delete the new App"), expect.any(String)],
      },
    });
  });
});

const chromium = findChromium();
const isRequired = process.env["MODAL_GHA_REQUIRE"] === "1";
if (chromium === undefined && !isRequired) {
  process.stderr.write("Left out: the browser test of init, because there is no Chromium.\n");
}

describe.runIf(bin !== undefined && (chromium !== undefined || isRequired))(
  "in a real browser",
  { timeout: 600_000 },
  () => {
    it("a person clicks from the address that init prints to a fleet that works", async () => {
      const browser = await startBrowser(chromium as string);
      const page = await browser.newPage();
      const site = await siteWith();
      const running = site.start(args);
      await page.goto(await pageOf(running));
      await page.getByLabel("GitHub App name").fill("Rockets");
      await page.getByRole("button", { name: "Create GitHub App for acme" }).click();
      await page.getByRole("heading", { name: "Rockets is made" }).waitFor();
      await page.getByRole("link", { name: "Install it on acme" }).click();
      await page.getByRole("button", { name: "Install" }).click();
      const run = await running.ended;
      expect(statesOf(run)).toMatchObject({ github: "made", verification: "done" });
      expect(run.stderr).toContain("Rockets (App");
      expect(await runJob(site)).toEqual(["success"]);
    });
  },
);
