import { describe, expect, it } from "vitest";
import { ensureOrganizationHook, ensureRepositoryHook } from "../../../../src/lib/github/setup/place-hooks.ts";
import { buildWorkflow, emulatorWith, octokitOf } from "../../emulator/github/harness.ts";

const url = "https://fleet.example/webhook";
const places = [
  { ensure: ensureRepositoryHook, place: "acme/widgets", path: "/repos/acme/widgets" },
  { ensure: ensureOrganizationHook, place: "acme", path: "/orgs/acme" },
];

describe.each(places)("the webhook of $place", ({ ensure, place, path }) => {
  it("is made once, and then kept as it should be", async () => {
    const github = await emulatorWith(buildWorkflow);
    const octokit = octokitOf(github);
    const hooks = async () => (await octokit.request(`GET ${path}/hooks`)).data as Record<string, unknown>[];
    const config = { url, content_type: "json", insecure_ssl: "0", secret: "********" };

    const created = await ensure({ octokit, place, url, secret: "hush" });
    expect(created).toMatchObject({ change: "created", path: expect.stringMatching(`^${path}/hooks/\\d+$`) });
    expect(await hooks()).toMatchObject([{ events: ["workflow_job"], active: true, config }]);
    expect(await ensure({ octokit, place, url })).toMatchObject({ change: "unchanged", path: created.path });
    expect(await ensure({ octokit, place, url, secret: "new" })).toMatchObject({
      change: "updated",
      path: created.path,
    });

    await octokit.request(`PATCH ${created.path}`, { active: false, events: ["push"] });
    await octokit.request(`PATCH ${created.path}/config`, { data: { insecure_ssl: "1", content_type: "form" } });
    expect(await ensure({ octokit, place, url })).toMatchObject({ change: "updated", path: created.path });
    // Its secret, which we were not given, is still there.
    expect(await hooks()).toMatchObject([{ events: ["workflow_job"], active: true, config }]);
  });

  it("is not made without a secret", async () => {
    const octokit = octokitOf(await emulatorWith(buildWorkflow));
    await expect(ensure({ octokit, place, url })).rejects.toMatchObject({ code: "webhook-secret-unknown" });
    expect((await octokit.request(`GET ${path}/hooks`)).data).toEqual([]);
  });

  it("is refused by GitHub for an address that it cannot reach", async () => {
    const octokit = octokitOf(await emulatorWith(buildWorkflow, { refuseLoopbackHooks: true }));
    const made = ensure({ octokit, place, url: "http://127.0.0.1:9/webhook", secret: "hush" });
    await expect(made).rejects.toMatchObject({
      code: "webhook-refused",
      why: expect.stringContaining("isn't reachable"),
    });
  });
});
