// `doctor` on whole fleets: the one of `dev`, and one whose controller was deployed to Modal.
import { writeFile } from "node:fs/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { controllerAppName, ownershipTags } from "../../src/lib/modal/names.ts";
import { writeSecret } from "../../src/lib/modal/secrets.ts";
import { packageFile } from "../../src/lib/package-root.ts";
import { startRehearsal } from "../../src/lib/rehearsal/rehearsal.ts";
import { doctor } from "../lib/doctor/fleet.ts";
import { policyText, siteWith } from "../lib/modal/deploy/support.ts";
import { modalClient } from "../python.ts";

it("finds nothing that fails in `dev`, whose controller is not at Modal", async () => {
  const repositoryDirectory = packageFile("templates", "sample-repository");
  const fleet = await startRehearsal({ repositoryDirectory, repository: "sample" });
  onTestFinished(() => fleet.close().then(() => undefined));
  const { code, failed, of } = await doctor(fleet.env);
  expect([code, failed]).toEqual([0, []]);
  expect(of("controller")).toMatchObject({ status: "warn", detail: expect.stringContaining(fleet.controller.url) });
  expect(of("controller-health")).toMatchObject({ status: "ok" });
});

const bin = await modalClient();

describe.runIf(bin !== undefined)("of a fleet that was deployed", () => {
  it("finds every link well, and tells when its webhook secret, Secret or policy is another, or it is stopped", async () => {
    const site = await siteWith([bin as string]);
    const { access, fleet, github, modal, policyFile } = site;
    await site.writeGitHubValues();
    await access.client.cpClient.appSetTags({ appId: access.app.appId, tags: ownershipTags(fleet) });
    const image = await access.client.images.fromName("modal-gha-runner");
    await image.publish("modal-gha-runner:mgha-2.338.0-20261124000000");
    const { webhookUrl } = await site.deploy();
    github.setWebhookUrl(webhookUrl);
    await github.trigger({ repository: "app", event: "workflow_dispatch" });
    await github.settled();
    const env = {
      ...modal.environment(),
      GITHUB_API_URL: github.url,
      MODAL_GHA_APP_ID: String(github.app.id),
      MODAL_GHA_PRIVATE_KEY: github.app.privateKey,
      MODAL_GHA_POLICY: policyFile,
    };
    const { code, outcomes } = await doctor(env);
    expect(outcomes.filter(({ status }) => status !== "ok")).toEqual([]);
    expect(code).toBe(0);

    const first = async () => (await doctor(env)).failed[0];
    const { webhookSecret: MODAL_GHA_WEBHOOK_SECRET, privateKey: MODAL_GHA_PRIVATE_KEY } = github.app;
    const change = async (values: Record<string, string | undefined>) => {
      await writeSecret(access.client, fleet, values);
      await site.deploy();
    };
    await change({ MODAL_GHA_WEBHOOK_SECRET: "other" });
    expect(await first()).toMatchObject({
      id: "webhook-secret",
      detail: expect.stringContaining("refused the signature"),
    });
    await change({ MODAL_GHA_WEBHOOK_SECRET, MODAL_GHA_PRIVATE_KEY: undefined });
    expect(await first()).toMatchObject({ id: "fleet-secret", mend: ["modal-gha init", "modal-gha deploy"] });
    await change({ MODAL_GHA_PRIVATE_KEY });
    await writeFile(policyFile, policyText.replace("labels:", "cpu: 4, labels:"));
    expect(await first()).toMatchObject({ id: "controller-policy" });
    await site.deploy();
    expect(await first()).toBeUndefined();
    const { appId } = await access.client.apps.fromName(controllerAppName(fleet));
    await access.client.cpClient.appStop({ appId });
    expect(await first()).toMatchObject({ id: "controller", mend: ["modal-gha deploy"] });
  });
});
