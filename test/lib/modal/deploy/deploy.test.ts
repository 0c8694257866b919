// Real deploys of the controller, by Modal's own Python client, to the emulated Modal, which runs what was deployed.
import { describe, expect, it } from "vitest";
import { modalClient } from "../../../python.ts";
import { siteWith } from "./support.ts";

const bin = await modalClient();

describe.runIf(bin !== undefined)("a deploy of the controller", () => {
  it("serves: a job that a signed webhook tells of is run", async () => {
    const site = await siteWith([bin as string]);
    await site.writeGitHubValues();
    const deployed = await site.deploy();
    expect(deployed).toMatchObject({ via: "modal", changed: true, webhookUrl: `${deployed.url}/webhook` });
    site.github.setWebhookUrl(deployed.webhookUrl);
    await site.github.trigger({ repository: "app", event: "workflow_dispatch" });
    await site.github.settled();
    expect(site.github.state().jobs).toMatchObject([{ status: "completed", conclusion: "success" }]);
  });
});
