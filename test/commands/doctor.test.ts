// `doctor` as an operator types it, on a fleet of which one link is broken at a time.
import { once } from "node:events";
import { unlink, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { checkIds } from "../../src/lib/doctor/check-ids.ts";
import { SettingsStore, settingsFolder } from "../../src/lib/settings/store.ts";
import { nowhere, run, start } from "../e2e/cli.ts";
import { asToken, doctor, fleetWith, policyText } from "../lib/doctor/fleet.ts";
import { buildWorkflow, directoryOf, eventOf, repo } from "../lib/emulator/github/harness.ts";
import { faults, org, sameHash } from "./doctor-faults.ts";

describe("on a fleet that is well", () => {
  it("finds nothing that fails, shows every link in order, and no secret", async () => {
    const fleet = await fleetWith();
    const env = { ...fleet.env, MODAL_GHA_WEBHOOK_SECRET: fleet.github.app.webhookSecret };
    const { code, outcomes, failed, text } = await doctor(env);
    expect(failed).toEqual([]);
    expect(code).toBe(0);
    expect(outcomes.map(({ id }) => id)).toEqual(checkIds);
    const others = outcomes.filter(({ status }) => status !== "ok").map(({ id, status }) => `${id}: ${status}`);
    // Its controller is a process of this test, not one at Modal.
    expect(others).toEqual(["controller: warn", "fleet-secret: skipped"]);
    for (const { mend, status } of outcomes) expect(mend.length > 0).toBe(status === "warn");
    const { app, token } = fleet.github;
    for (const secret of [app.webhookSecret, app.privateKey.slice(100, 150), token, fleet.bench.emulator.tokenSecret]) {
      expect(text).not.toContain(secret);
    }
  });

  it("works with a token in the App's place", async () => {
    const fleet = await fleetWith();
    const { octokit, controller, github } = fleet;
    const config = { url: `${controller.url}/webhook`, content_type: "json", secret: github.app.webhookSecret };
    const hook = { org, name: "web", active: true, events: ["workflow_job"], config: { ...config, insecure_ssl: "0" } };
    const { data } = await octokit.orgs.createWebhook(hook);
    const { code, failed, of } = await doctor(asToken(fleet));
    expect([code, failed]).toEqual([0, []]);
    expect(of("installation")).toMatchObject({ status: "skipped" });
    expect(of("permissions")).toMatchObject({ status: "ok", detail: expect.stringContaining("scopes") });
    expect(of("webhook-secret")).toMatchObject({ status: "ok" });

    await octokit.orgs.updateWebhook({ org, hook_id: data.id, active: false });
    const off = await doctor(asToken(fleet));
    expect(off).toMatchObject({
      code: 1,
      failed: [{ id: "webhook", detail: expect.stringContaining("is switched off") }],
    });
    await octokit.orgs.deleteWebhook({ org, hook_id: data.id });
    const gone = await doctor(asToken(fleet), "--check", "webhook");
    expect(gone.failed).toMatchObject([{ mend: ["modal-gha init --auth pat"] }]);
  });

  it("looks at the webhook of each repository where runners are registered in them", async () => {
    const fleet = await fleetWith({ ownerType: "User" });
    const { octokit, controller, github, policyFile } = fleet;
    await writeFile(policyFile, policyText.replace("owner: acme", "owner: acme, scope: repository"));
    await sameHash(policyFile, controller);
    const missing = await doctor(asToken(fleet));
    expect(missing).toMatchObject({ code: 1, failed: [{ id: "webhook" }] });
    expect(missing.failed[0]?.detail).toMatch(/^No webhook of \/repos\/acme\/widgets goes to/);
    const config = { url: `${controller.url}/webhook`, content_type: "json", secret: github.app.webhookSecret };
    await octokit.repos.createWebhook({ ...repo, events: ["workflow_job"], config: { ...config, insecure_ssl: "0" } });
    const { code, failed, of } = await doctor(asToken(fleet));
    expect([code, failed]).toEqual([0, []]);
    expect(of("runner-group")).toMatchObject({ status: "skipped" });
    expect(of("webhook-secret")).toMatchObject({ status: "ok" });
  });

  it("looks for the webhooks of many repositories once, and pings a few of them", async () => {
    const directory = await directoryOf({ ".github/workflows/ci.yml": buildWorkflow });
    const names = ["widgets", ...Array.from({ length: 80 }, (_, index) => `repo-${index}`)];
    const asked: string[] = [];
    const fleet = await fleetWith({
      ownerType: "User",
      repositories: names.map((name) => ({ name, directory })),
      intercept: async (request, answer) => {
        asked.push(`${request.method} ${new URL(request.url).pathname}`);
        return answer();
      },
    });
    const { octokit, controller, github, policyFile } = fleet;
    await writeFile(policyFile, policyText.replace("owner: acme", "owner: acme, scope: repository"));
    await sameHash(policyFile, controller);
    const config = { url: `${controller.url}/webhook`, content_type: "json", secret: github.app.webhookSecret };
    const wish = { owner: repo.owner, events: ["workflow_job"], config: { ...config, insecure_ssl: "0" } };
    for (const name of names) await octokit.repos.createWebhook({ ...wish, repo: name });
    asked.length = 0;
    const { code, failed, of } = await doctor(asToken(fleet));
    expect([code, failed]).toEqual([0, []]);
    expect(asked.filter((call) => /^GET .*\/hooks$/.test(call))).toHaveLength(names.length);
    expect(asked.filter((call) => call.endsWith("/pings"))).toHaveLength(3);
    expect(of("webhook-secret")).toMatchObject({ status: "ok", detail: expect.stringContaining("3 of 81 webhooks") });
    expect(of("webhook")?.detail).toMatch(/^\/repos\/acme\/\S+, .* and 78 more send their webhooks to http/);
  });

  it("says that no repository may use a fleet with a token, rather than nothing", async () => {
    const fleet = await fleetWith({ ownerType: "User" });
    const nobody = policyText.replace(
      "owner: acme }",
      "owner: acme, scope: repository }\naccess: { repositories: [acme/none] }",
    );
    await writeFile(fleet.policyFile, nobody);
    await sameHash(fleet.policyFile, fleet.controller);
    const { of } = await doctor(asToken(fleet));
    for (const id of ["webhook", "webhook-secret", "deliveries"]) {
      expect(of(id)).toMatchObject({ status: "skipped", detail: expect.stringMatching(/^No repository may use/) });
    }
  });

  it("asks of another workspace's image whether it may be used, and tells no more of it", async () => {
    const fleet = await fleetWith();
    await writeFile(fleet.policyFile, policyText.replace("acme-runner", "other/main/acme-runner"));
    const { failed, of } = await doctor(fleet.env, "--check", "image");
    expect(failed).toEqual([]);
    expect(of("image")).toMatchObject({ status: "ok", detail: expect.stringContaining("cannot be seen from here") });
    await writeFile(fleet.policyFile, policyText.replace("acme-runner", "other/main/gone-runner"));
    const gone = await doctor(fleet.env, "--check", "image");
    expect(gone.failed).toMatchObject([
      { detail: "No image other/main/gone-runner may be used from here, which pool cpu starts from." },
    ]);
  });

  it("names the profile that the fleet's Modal credentials are from", async () => {
    const { env, bench } = await fleetWith();
    const { XDG_CONFIG_HOME: home = "" } = env;
    const { tokenId, tokenSecret } = bench.emulator;
    const file = join(home, "two-workspaces.toml");
    const right = `token_id = "${tokenId}"\ntoken_secret = "${tokenSecret}"`;
    await writeFile(file, `[prod]\nactive = true\ntoken_id = "ak-1"\ntoken_secret = "as-1"\n[staging]\n${right}\n`);
    await new SettingsStore(settingsFolder(env)).setProfile("test", { modalProfile: "staging" });
    const { of } = await doctor(
      { ...env, MODAL_TOKEN_ID: "", MODAL_TOKEN_SECRET: "", MODAL_CONFIG_PATH: file },
      "--check",
      "modal",
    );
    expect(of("modal")).toMatchObject({ status: "ok", detail: expect.stringContaining(`${file}, profile staging.`) });
  });

  it("names the scopes that a token lacks", async () => {
    const fleet = await fleetWith({ token: { scopes: ["repo"] } });
    const { code, failed } = await doctor(asToken(fleet), "--check", "permissions");
    expect(code).toBe(4);
    expect(failed).toMatchObject([
      { id: "permissions", detail: expect.stringMatching(/lacks the scopes admin:org, /) },
    ]);
  });
});

describe("names the link that is broken, with its mend:", () => {
  it.each(faults)("$what", async ({ link, finds, mend, code = 1, github, spoil, env }) => {
    const fleet = await fleetWith(await github?.());
    await spoil?.(fleet);
    const found = await doctor({ ...fleet.env, ...env?.(fleet) });
    const [first] = found.failed;
    expect(first, found.text).toMatchObject({ id: link, detail: expect.stringMatching(finds) });
    expect(first?.mend.join("\n")).toMatch(mend);
    expect(found.code).toBe(code);
    expect(found.text).not.toMatch(/\n? +at \S+ \(|bug in modal-gha/);
    expect(found.outcomes.map(({ id }) => id)).toEqual(checkIds);
  });
});

describe("warns, and ends with 0, of", () => {
  it("deliveries that never came through", async () => {
    const { github, env, controller } = await fleetWith();
    github.setWebhookUrl(`${nowhere}/webhook`);
    const failed = eventOf(github, ({ type }) => type === "delivery");
    await github.trigger({ repository: repo.repo, event: "workflow_dispatch" });
    await failed;
    github.setWebhookUrl(`${controller.url}/webhook`);
    const { code, of } = await doctor(env, "--check", "deliveries");
    expect(code).toBe(0);
    expect(of("deliveries")).toMatchObject({
      status: "warn",
      detail: expect.stringMatching(
        /^1 of 2 deliveries in the last 24 hours never came through; the newest: not reached/,
      ),
      mend: expect.arrayContaining(["modal-gha deliveries redeliver --failed --since 1d"]),
    });
  });

  it("a controller of another version, limits of Modal below the policy's, and a webhook secret here that is wrong", async () => {
    const { env, controller, limits } = await fleetWith();
    controller.identity["version"] = "0.0.1";
    limits.maxConcurrentTasks = 10;
    const { code, of } = await doctor({ ...env, MODAL_GHA_WEBHOOK_SECRET: "wrong" });
    expect(code).toBe(0);
    expect(of("controller-version")).toMatchObject({ status: "warn", mend: ["modal-gha deploy"] });
    expect(of("modal-limits")).toMatchObject({
      status: "warn",
      detail: expect.stringMatching(/may run 10 containers/),
    });
    expect(of("webhook-secret")).toMatchObject({ status: "warn", mend: ["unset MODAL_GHA_WEBHOOK_SECRET"] });
  });

  it("a proxy between here and Modal", async () => {
    const env = { https_proxy: "http://me:secret@proxy.example.org:3128", no_proxy: "example.net" };
    const { code, of, text } = await doctor(env, "--check", "proxy");
    expect(code).toBe(0);
    expect(of("proxy")).toMatchObject({ status: "warn", detail: expect.stringContaining("proxy.example.org") });
    expect(of("proxy")?.mend[0]).toContain("export no_proxy=example.net,api.modal.com");
    expect(text).not.toContain("secret");
  });

  it("a runner that GitHub stops giving jobs to soon", async () => {
    // The emulated GitHub names a date 65 days after its start.
    let aheadMs = -50 * 24 * 3_600_000;
    const { env } = await fleetWith({ clock: () => new Date(Date.now() + aheadMs) });
    aheadMs = 0;
    const { code, of } = await doctor(env, "--check", "runner-version");
    expect(code).toBe(0);
    expect(of("runner-version")).toMatchObject({
      status: "warn",
      detail: expect.stringMatching(/^Runner 2\.338\.0 gets no jobs from \d{4}-\d\d-\d\d on, which is in 14 days\.$/),
      mend: ["modal-gha image build --name acme-runner"],
    });
  });
});

/** Takes connections, and never answers. */
async function silentServer(): Promise<string> {
  const server = createServer(() => {}).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("the command", () => {
  it("prints a line for each link with symbol and word, mends beneath, and a summary beside", async () => {
    const { env, policyFile } = await fleetWith();
    await unlink(policyFile);
    const { code, stdout, stderr } = await run(["doctor"], env);
    expect(code).toBe(1);
    const lines = stdout.split("\n");
    expect(lines[0]).toMatch(/^✓ ok {7}Node\.js +\d+\./);
    const failed = lines.findIndex((line) => line.startsWith("✗ fail     Policy "));
    expect(lines[failed + 1]).toMatch(/^ {11}→ Go to the folder that has it/);
    expect(stdout).toMatch(/^- skipped {2}Runner image .*because this failed: Policy\.$/m);
    expect(stderr).toMatch(/\d+ ok, \d+ warnings?, 1 failed, \d+ skipped\. Begin with: Policy\./);
  });

  it("runs one check, and shows of what it needs only what fails", async () => {
    const { env, policyFile } = await fleetWith();
    const well = await doctor(env, "--check", "image");
    expect(well.outcomes).toMatchObject([
      { id: "image", status: "ok", detail: expect.stringMatching(/runner 2\.338\.0, built/) },
    ]);
    await unlink(policyFile);
    const broken = await doctor(env, "--check", "image");
    expect(broken).toMatchObject({
      code: 1,
      outcomes: [
        { id: "policy", status: "fail" },
        { id: "image", status: "skipped" },
      ],
    });
    expect(await run(["doctor", "--check", "nonsense"], env)).toMatchObject({ code: 2, stdout: "" });
  });

  it("ends in time where nobody ever answers", async () => {
    const { env } = await fleetWith();
    const silent = await silentServer();
    const all = { MODAL_SERVER_URL: silent, GITHUB_API_URL: silent, MODAL_GHA_WEBHOOK_URL: `${silent}/webhook` };
    const { code, failed } = await doctor({ ...env, ...all }, "--timeout", "1s");
    expect(code).toBe(1);
    expect(failed.map(({ id }) => id)).toEqual(["modal", "github-api"]);
    for (const { detail, mend } of failed) {
      expect(detail).toBe("There was no answer within 1s.");
      expect(mend[0]).toMatch(/^modal-gha doctor --check \S+ --timeout 1m$/);
    }
    const one = { ...env, MODAL_GHA_WEBHOOK_URL: `${silent}/webhook` };
    // Time enough for all that do answer.
    const slow = await doctor(one, "--timeout", "15s");
    expect(slow.failed[0]).toMatchObject({ id: "controller", detail: "There was no answer within 15s." });
  });

  it("ends at Ctrl-C with 130, whatever it waits for", async () => {
    const { env } = await fleetWith();
    const silent = await silentServer();
    const running = start(["doctor"], { ...env, MODAL_SERVER_URL: silent });
    await running.untilStdout(/Policy/);
    running.child.kill("SIGINT");
    const { code, stderr } = await running.ended;
    expect(code).toBe(130);
    expect(stderr).toContain("Interrupted");
  });
});
