// `init` from an empty home directory to a fleet that works, and again.
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bin, isWriting, resultOf, runJob, siteWith, statesOf } from "./site.ts";

describe.runIf(bin !== undefined)("init with an App that was made by hand", { timeout: 600_000 }, () => {
  it("makes a fleet that runs a job, and changes nothing when it is run again", async () => {
    const site = await siteWith();
    const args = ["--owner", "acme", ...site.app, "--json"];
    const first = await site.init(args);
    expect(statesOf(first)).toEqual({
      modal: "done",
      policy: "made",
      image: "made",
      controller: "made",
      github: "unchanged",
      secrets: "made",
      webhook: "made",
      settings: "made",
      installation: "done",
      verification: "done",
      workflow: "skipped",
    });
    expect(resultOf(first)).toMatchObject({
      fleet: "acme",
      owner: "acme",
      auth: "app",
      policyFile: site.policyFile,
      appId: site.github.app.id,
      changed: true,
      next: ["modal-gha doctor", "modal-gha jobs ls"],
    });
    expect(await runJob(site)).toEqual(["success"]);
    expect(site.secret.get("MODAL_GHA_SETUP_UNFINISHED")).toBeUndefined();
    const settings = join(site.home, ".config", "modal-gha", "config.json");
    expect(statSync(settings).mode & 0o077).toBe(0);

    const known = [readFileSync(settings, "utf8"), readFileSync(site.policyFile, "utf8")];
    for (const again of [args, ["--json"]]) {
      site.calls.length = 0;
      const second = await site.init(again);
      expect(resultOf(second).changed).toBe(false);
      expect(Object.values(statesOf(second))).not.toContain("made");
      expect(site.calls.filter(isWriting)).toEqual([]);
    }
    expect([readFileSync(settings, "utf8"), readFileSync(site.policyFile, "utf8")]).toEqual(known);
    expect(await runJob(site)).toEqual(["success", "success"]);

    const people = await site.init([]);
    expect(people.stdout).toMatch(/^The fleet acme of acme: nothing to do\.\n/);
    expect(people.stderr).toMatch(/unchanged {2}Controller/);
  });

  it("says all by a file, takes a key by standard input, and writes a workflow", async () => {
    const site = await siteWith();
    const answers = join(site.folder, "answers.yaml");
    writeFileSync(
      answers,
      `owner: acme
scope: repository
repository: [acme/app]
pool: [cpu, T4]
app-id: ${site.github.app.id}
private-key-file: "-"
write-workflow: true
`,
    );
    const run = await site.init(["--config", answers, "--json"], {}, { input: site.github.app.privateKey });
    expect(statesOf(run)).toMatchObject({ policy: "made", workflow: "made", verification: "done" });
    const policy = readFileSync(site.policyFile, "utf8");
    expect(policy).toMatch(/scope: repository[\s\S]*repositories: \["acme\/app"\][\s\S]*name: cpu[\s\S]*name: gpu-t4/);
    const written = readFileSync(join(site.folder, ".github", "workflows", "modal-gha.yml"), "utf8");
    expect(written).toBe(resultOf(run).workflow);
    expect(written).toContain('runs-on: [self-hosted, "gpu-t4"]');
    expect(existsSync(join(site.home, ".config", "modal-gha", "acme.private-key.pem"))).toBe(false);
    expect(await runJob(site)).toEqual(["success"]);
  });

  it("needs no Python here: without Modal's own client, a Sandbox deploys the controller", async () => {
    const site = await siteWith();
    const run = await site.init(["--owner", "acme", ...site.app, "--json"], { PATH: "/usr/bin:/bin" });
    expect(statesOf(run)).toMatchObject({ controller: "made", verification: "done" });
    expect(run.stderr).toContain("Deploying from inside a Sandbox");
    expect(await runJob(site)).toEqual(["success"]);
  });

  it("lets a colleague take over with the App's key, and stores only what they need", async () => {
    const site = await siteWith();
    expect((await site.init(["--owner", "acme", ...site.app])).code).toBe(0);
    site.calls.length = 0;
    const elsewhere = { XDG_CONFIG_HOME: join(site.home, "colleague") };
    const joined = await site.init([...site.app, "--json"], elsewhere);
    expect(statesOf(joined)).toMatchObject({ controller: "unchanged", secrets: "unchanged", settings: "made" });
    expect(site.calls.filter(isWriting)).toEqual([]);
    const stored = JSON.parse(readFileSync(join(elsewhere.XDG_CONFIG_HOME, "modal-gha", "config.json"), "utf8"));
    expect(stored.fleets.acme).toMatchObject({
      githubAppId: String(site.github.app.id),
      githubPrivateKeyFile: site.privateKeyFile,
      policyFile: site.policyFile,
    });

    // Nor is a policy in place of the fleet's own, which is elsewhere.
    const policyFile = join(site.home, "another.yaml");
    const lost = await site.init([...site.app, "--owner", "acme", "--policy", policyFile]);
    expect(lost).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringContaining("fleet acme is set up already"),
    });
    expect(existsSync(policyFile)).toBe(false);

    // Without the key nothing is made in its place.
    const without = await site.init(["--create-app"], { XDG_CONFIG_HOME: join(site.home, "another") });
    expect(without).toMatchObject({ code: 4, stdout: "" });
    expect(without.stderr).toMatch(/has a GitHub App, whose id and key are not known here/);
    expect(site.calls.filter(isWriting)).toEqual([]);
  });

  it("puts new secrets in place on both sides when it is asked to, and the fleet works on", async () => {
    const site = await siteWith();
    expect((await site.init(["--owner", "acme", ...site.app])).code).toBe(0);
    const before = site.secret.get("MODAL_GHA_WEBHOOK_SECRET");
    const rotated = await site.init(["--rotate", "--json"]);
    expect(statesOf(rotated)).toMatchObject({ secrets: "made", webhook: "made", verification: "done" });
    expect(site.secret.get("MODAL_GHA_WEBHOOK_SECRET")).not.toBe(before);
    expect(await runJob(site)).toEqual(["success"]);
  });
});
