import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { deleteSecret, readSecretState } from "../../src/lib/modal/secrets.ts";
import { run, start, until } from "../e2e/cli.ts";
import { programIn, runAJob, type Site, siteWith } from "../lib/modal/deploy/support.ts";
import { modalClient } from "../python.ts";

const bin = (await modalClient()) ?? "";

/** What an operator has who has made a GitHub App by hand, and has no Secret at Modal yet. */
async function newcomer(bins: string[] = [bin]): Promise<{ site: Site; env: Record<string, string> }> {
  const site = await siteWith(bins);
  await deleteSecret(site.access.client, site.fleet);
  const { github, modal } = site;
  const env = {
    ...modal.environment(),
    ...site.env,
    XDG_CONFIG_HOME: site.folder,
    GITHUB_API_URL: github.url,
    MODAL_GHA_POLICY: site.policyFile,
    MODAL_GHA_APP_ID: String(github.app.id),
    MODAL_GHA_PRIVATE_KEY_FILE: site.privateKeyFile,
    MODAL_GHA_WEBHOOK_SECRET: github.app.webhookSecret,
  };
  return { site, env };
}

describe.runIf(bin !== "")("deploy", () => {
  it("makes the Secret from the credentials at hand and deploys; destroy removes both", async () => {
    const { site, env } = await newcomer();
    const first = await run(["deploy", "--json"], env);
    expect(first).toMatchObject({ code: 0, stderr: expect.stringContaining("Made the Secret modal-gha-deployed") });
    const result = JSON.parse(first.stdout);
    expect(Object.keys(result).sort()).toEqual([
      "appId",
      "appVersion",
      "changed",
      "configured",
      "fleet",
      "policyHash",
      "url",
      "version",
      "via",
      "webhookUrl",
    ]);
    expect(result).toMatchObject({ fleet: "deployed", changed: true, configured: true, via: "modal", appVersion: 1 });
    site.github.setWebhookUrl(result.webhookUrl);
    await runAJob(site);

    const again = await run(["deploy", "--min-containers", "1"], env);
    expect(again.stdout).toMatch(
      /^Controller of deployed: deployed\nwebhook {2}http:.*\/webhook\nversion {2}2, of modal-gha/,
    );
    const same = await run(["deploy", "--min-containers", "1"], env);
    expect(same.stdout).toMatch(/^Controller of deployed: unchanged, deployed again\n/);
    const back = await run(["deploy", "--rollback", "1", "--json"], env);
    expect(JSON.parse(back.stdout)).toMatchObject({ rolledBackTo: 1, appVersion: 4, url: result.url });

    const { code, stdout } = await run(["destroy", "--yes", "--json"], env);
    expect(code).toBe(0);
    const removed = (JSON.parse(stdout).removed as { kind: string; name: string }[]).map(
      (each) => `${each.kind} ${each.name}`,
    );
    expect(removed).toEqual(
      expect.arrayContaining(["controller modal-gha-deployed.controller", "secret modal-gha-deployed"]),
    );
    expect((await fetch(`${result.url}/healthz`)).status).toBe(404);
    const text = [first, again, same, back].map((each) => each.stdout + each.stderr).join("\n");
    for (const secret of [site.modal.tokenSecret, site.github.app.webhookSecret, "BEGIN RSA"]) {
      expect(text).not.toContain(secret);
    }
  });

  it("says what to type when the Secret is not there and not all that belongs in it is at hand", async () => {
    const { site, env } = await newcomer();
    const { code, stderr } = await run(["deploy"], { ...env, MODAL_GHA_WEBHOOK_SECRET: "" });
    expect(code).toBe(4);
    expect(stderr).toContain("There is no Secret modal-gha-deployed at Modal yet");
    expect(stderr).toContain("MODAL_GHA_WEBHOOK_SECRET is not set");
    expect(stderr).toMatch(/Next:\n {2}modal-gha init\n/);
    expect(await readSecretState(site.access.client, site.fleet, [])).toBe("missing");
  });

  it("puts new credentials into the Secret when told to", async () => {
    const { site, env } = await newcomer();
    await run(["deploy"], env);
    const renewed = { ...env, MODAL_GHA_WEBHOOK_SECRET: "renewed" };
    const asBefore = JSON.parse((await run(["deploy", "--json"], renewed)).stdout);
    site.github.setWebhookUrl(asBefore.webhookUrl);
    await runAJob(site);
    const { stderr } = await run(["deploy", "--update-secret"], renewed);
    expect(stderr).toContain("Updated the Secret modal-gha-deployed");
    await site.github.trigger({ repository: "app", event: "workflow_dispatch" });
    await until("the old signature is refused", () =>
      site.github.state().deliveries.some(({ statusCode }) => statusCode === 401),
    );
  });

  it("leaves in the Secret what is not at hand, and takes no other program's token", async () => {
    const { site, env } = await newcomer();
    const ambient = { ...env, MODAL_GHA_PRIVATE_KEY_FILE: "", GITHUB_TOKEN: site.github.token };
    expect(await run(["deploy"], ambient)).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("modal-gha init"),
    });
    await run(["deploy"], env);
    const { code, stderr } = await run(["deploy", "--update-secret"], { ...ambient, MODAL_GHA_WEBHOOK_SECRET: "" });
    expect(code).toBe(0);
    expect(stderr).toMatch(/^Updated the Secret modal-gha-deployed: (MODAL_GHA_MODAL_\w+(, )?){3}$/m);
    const keys = ["MODAL_GHA_APP_ID", "MODAL_GHA_PRIVATE_KEY", "MODAL_GHA_WEBHOOK_SECRET"];
    expect(await readSecretState(site.access.client, site.fleet, keys)).toBe("complete");
    const token = { ...env, MODAL_GHA_APP_ID: "", MODAL_GHA_GITHUB_TOKEN: site.github.token };
    await run(["deploy", "--update-secret"], token);
    expect(await readSecretState(site.access.client, site.fleet, ["MODAL_GHA_GITHUB_TOKEN"])).toBe("complete");
    expect(await readSecretState(site.access.client, site.fleet, ["MODAL_GHA_APP_ID"])).toBe("incomplete");
  });

  it.each([
    [["3"], "A version is for --rollback alone."],
    [["--region", "US East"], '"US East" is no region'],
    [["--custom-domain", "https://x.example"], '"https://x.example" is no domain'],
    [["--via", "pip"], "--via"],
    [["--rollback", "--via", "uvx"], "--rollback"],
    [["--min-containers", "99"], "5"],
  ])("refuses %j", async (args, message) => {
    const { code, stderr } = await run(["deploy", ...args]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  it("ends with 4 for a wrong token, and with 1 where Modal cannot be reached", async () => {
    const { env } = await newcomer();
    const wrong = await run(["deploy"], { ...env, MODAL_TOKEN_SECRET: "as-wrong" });
    expect([wrong.code, wrong.stderr]).toEqual([4, expect.stringContaining("Modal did not accept the credentials.")]);
    const unreachable = await run(["deploy", "--json"], { ...env, MODAL_SERVER_URL: "http://127.0.0.1:9" });
    expect([unreachable.code, JSON.parse(unreachable.stdout).error.code]).toEqual([1, "modal-unreachable"]);
  });

  it("interrupted ends with 130 and says what is deployed", async () => {
    const { site, env } = await newcomer([]);
    const mark = join(site.folder, "has-begun");
    const slow = await programIn(
      site.folder,
      "modal",
      `[ "$1" = --version ] && echo modal client version: 1.6.4 && exit\ntouch ${mark}\nexec sleep 60`,
    );
    const deploying = start(["deploy"], { ...env, PATH: `${slow}:${env["PATH"]}` });
    await until("the client runs", () => existsSync(mark));
    deploying.child.kill("SIGINT");
    const { code, stderr } = await deploying.ended;
    expect(code).toBe(130);
    expect(stderr).toContain("Nothing was deployed.");
  });
});
