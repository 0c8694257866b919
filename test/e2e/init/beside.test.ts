// `init` where things are not as it left them, or somebody else is at work: another policy, another address, another
// operator, another Environment.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { ServerError, Status } from "nice-grpc";
import { describe, expect, it } from "vitest";
import { writeSecret } from "../../../src/lib/modal/secrets.ts";
import { appOctokitOf } from "../../lib/emulator/github/harness.ts";
import { converseInTerminal } from "../terminal.ts";
import { bin, connectionTo, isWriting, resultOf, runJob, type Site, siteFor, statesOf } from "./site.ts";

const owner = ["--owner", "acme"];

function changePolicy({ policyFile }: Site, change: (text: string) => string): void {
  writeFileSync(policyFile, change(readFileSync(policyFile, "utf8")));
}

async function hookOf({ github }: Site): Promise<string | undefined> {
  return (await appOctokitOf(github).request("GET /app/hook/config")).data.url;
}

describe.runIf(bin !== undefined)("init of a fleet that is set up", { timeout: 600_000 }, () => {
  it.concurrent("leaves another policy of the controller's as it is, unless it has to deploy: then it says so, or asks", async (context) => {
    const site = await siteFor(context);
    expect((await site.init([...owner, ...site.app])).code).toBe(0);
    changePolicy(site, (text) => text.replace("max-runners: 50", "max-runners: 40"));
    site.calls.length = 0;
    const looked = await site.init(["--json"]);
    expect(resultOf(looked).changed).toBe(false);
    expect(looked.stderr).toMatch(/runs another policy[\s\S]*it is left as it is/);

    const where = { env: { ...site.env, CI: "" }, cwd: site.folder };
    const declined = await converseInTerminal(["init", "--rotate"], [[/Give it this one\?/, "n\r"]], where);
    expect(declined, declined.screen).toMatchObject({ code: 1 });
    expect(declined.screen).toContain("would get the policy that is here");
    expect(site.calls.filter(isWriting)).toEqual([]);

    const rotated = await site.init(["--rotate", "--json"]);
    expect(statesOf(rotated)).toMatchObject({ secrets: "made", verification: "done" });
    expect(rotated.stderr).toMatch(/runs another policy.*and is deployed again: it gets this one/);
    expect(rotated.stderr).not.toContain("left as it is");
    expect((await site.init([])).stderr).not.toContain("another policy");
    expect(await runJob(site)).toEqual(["success"]);
  });

  it.concurrent("takes the fleet's own webhook from one of its controller's addresses to the other", async (context) => {
    const site = await siteFor(context);
    const { webhookUrl } = resultOf(await site.init([...owner, ...site.app, "--json"]));
    changePolicy(site, (text) => `${text}controller: { custom-domain: runners.invalid }\n`);
    expect((await site.start(["deploy"]).ended).code).toBe(0);
    // As it was while the domain led to the controller.
    site.github.setWebhookUrl("https://runners.invalid/webhook");
    const run = await site.init(["--json"]);
    expect(statesOf(run)).toMatchObject({ secrets: "unchanged", webhook: "made", verification: "done" });
    expect(await hookOf(site)).toBe(webhookUrl);
    expect(await runJob(site)).toEqual(["success"]);
  });

  it.concurrent("takes a token's webhook from one address to the other, too", async (context) => {
    const site = await siteFor(context);
    const { webhookUrl } = resultOf(await site.init([...owner, "--auth", "pat", "--json"]));
    changePolicy(site, (text) => `${text}controller: { custom-domain: runners.invalid }\n`);
    expect((await site.start(["deploy"]).ended).code).toBe(0);
    const headers = { authorization: `Bearer ${site.github.token}` };
    const hooks = async () => (await fetch(`${site.github.url}/orgs/acme/hooks`, { headers })).json();
    const [{ id }] = (await hooks()) as [{ id: number }];
    const body = JSON.stringify({ url: "https://runners.invalid/webhook", content_type: "json" });
    await fetch(`${site.github.url}/orgs/acme/hooks/${id}/config`, { method: "PATCH", headers, body });
    expect(statesOf(await site.init(["--json"]))).toMatchObject({ webhook: "made", verification: "done" });
    expect(await hooks()).toMatchObject([{ id, config: { url: webhookUrl } }]);
    expect(await runJob(site)).toEqual(["success"]);
  });

  it.concurrent("takes nothing from somebody who has set it up while this ran", async (context) => {
    const site = await siteFor(context);
    const { client, close } = await connectionTo(site);
    context.onTestFinished(close);
    const theirs = { MODAL_GHA_APP_ID: "7", MODAL_GHA_PRIVATE_KEY: "theirs", MODAL_GHA_WEBHOOK_SECRET: "theirs" };
    site.seam.before = async (name) => {
      if (name !== "ImagePublish") return;
      site.seam.before = async () => undefined;
      await writeSecret(client, "acme", { ...theirs, MODAL_GHA_SETUP_OF_APP_7: "1" });
    };
    const run = await site.init([...owner, ...site.app, "--json"]);
    expect(JSON.parse(run.stdout), run.stderr).toMatchObject({ error: { code: "set-up-meanwhile" } });
    expect(Object.fromEntries(site.secret)).toMatchObject(theirs);
    expect(await hookOf(site)).toBeFalsy();
  });

  it.concurrent("is in the Environment that it was set up in, whatever the shell says, and in none by a slip", async (context) => {
    const site = await siteFor(context);
    const { client, close } = await connectionTo(site);
    context.onTestFinished(close);
    const [shell, slip] = [{ MODAL_ENVIRONMENT: "" }, { MODAL_ENVIRONMENT: "cii" }];
    const args = [...owner, ...site.app, "--json"];
    const slipped = await site.init(args, slip);
    expect(JSON.parse(slipped.stdout), slipped.stderr).toMatchObject({ error: { code: "no-environment" } });
    expect(slipped.stdout).toContain("There are: main. The name is from MODAL_ENVIRONMENT.");
    expect(existsSync(site.policyFile)).toBe(false);

    await client.cpClient.environmentCreate({ name: "ci" });
    expect(statesOf(await site.init(args, { MODAL_ENVIRONMENT: "ci" }))).toMatchObject({ controller: "made" });
    expect(resultOf(await site.init(["--json"], shell)).changed).toBe(false);
    const stored = await site.start(["config", "get", "modalEnvironment"], shell).ended;
    expect(stored.stdout).toBe("ci\n");
    const { apps } = await client.cpClient.appList({ environmentName: "main" });
    expect(apps.map(({ description }) => description)).toEqual([]);
    expect((await site.start(["jobs", "ls"], shell).ended).code).toBe(0);
    expect(await runJob(site)).toEqual(["success"]);
  });

  it.concurrent("is set up with a token for Modal that may not ask about itself", async (context) => {
    const site = await siteFor(context, {
      modal: {
        intercept: async ({ method }) => {
          if (method === "TokenInfoGet") throw new ServerError(Status.PERMISSION_DENIED, "not for this token");
          return "proceed";
        },
      },
    });
    const run = await site.init([...owner, ...site.app, "--json"]);
    expect(statesOf(run)).toMatchObject({ modal: "done", verification: "done" });
  });
});
