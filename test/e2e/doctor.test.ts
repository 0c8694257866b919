// `doctor` on whole fleets: the one of `dev`, and one that `init` has set up and deployed.
import { readFile, writeFile } from "node:fs/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Outcome } from "../../src/lib/doctor/run.ts";
import { openModal } from "../../src/lib/modal/client.ts";
import { controllerAppName } from "../../src/lib/modal/names.ts";
import { writeSecret } from "../../src/lib/modal/secrets.ts";
import { packageFile } from "../../src/lib/package-root.ts";
import { startRehearsal } from "../../src/lib/rehearsal/rehearsal.ts";
import { doctor } from "../lib/doctor/fleet.ts";
import { bin, isWriting, resultOf, runJob, siteWith } from "./init/site.ts";

it("finds nothing that fails in `dev`, whose controller is not at Modal", async () => {
  const repositoryDirectory = packageFile("templates", "sample-repository");
  const fleet = await startRehearsal({ repositoryDirectory, repository: "sample" });
  onTestFinished(() => fleet.close().then(() => undefined));
  const { code, failed, of } = await doctor(fleet.env);
  expect([code, failed]).toEqual([0, []]);
  expect(of("controller")).toMatchObject({ status: "warn", detail: expect.stringContaining(fleet.controller.url) });
  expect(of("controller-health")).toMatchObject({ status: "ok" });
});

describe.runIf(bin !== undefined)("of a fleet that init has set up", () => {
  it("finds every link well and changes nothing, and then what is made another behind its back", async () => {
    const site = await siteWith();
    const fleet = resultOf(await site.init(["--owner", "acme", ...site.app, "--json"]));
    await runJob(site);
    const look = async () => {
      const { code, stdout } = await site.start(["doctor", "--json"]).ended;
      const outcomes = JSON.parse(stdout) as Outcome[];
      return { code, outcomes, first: outcomes.find(({ status }) => status === "fail") };
    };
    site.calls.length = 0;
    const { code, outcomes } = await look();
    expect(outcomes.filter(({ status }) => status !== "ok")).toEqual([]);
    expect(code).toBe(0);
    expect(site.calls.filter(isWriting)).toEqual([]);

    const { tokenId, tokenSecret } = site.modal;
    Object.assign(process.env, site.modal.environment());
    const { client, close } = await openModal({ tokenId, tokenSecret });
    onTestFinished(close);
    const deploy = async () => expect((await site.start(["deploy"]).ended).code).toBe(0);
    const change = async (values: Record<string, string | undefined>) => {
      await writeSecret(client, fleet.fleet, values);
      await deploy();
    };
    const { MODAL_GHA_WEBHOOK_SECRET, MODAL_GHA_PRIVATE_KEY } = Object.fromEntries(site.secret);
    await change({ MODAL_GHA_WEBHOOK_SECRET: "other" });
    expect((await look()).first).toMatchObject({
      id: "webhook-secret",
      detail: expect.stringContaining("refused the signature"),
    });
    await change({ MODAL_GHA_WEBHOOK_SECRET, MODAL_GHA_PRIVATE_KEY: undefined });
    expect((await look()).first).toMatchObject({ id: "fleet-secret", mend: ["modal-gha init", "modal-gha deploy"] });
    await change({ MODAL_GHA_PRIVATE_KEY });
    const policy = await readFile(site.policyFile, "utf8");
    await writeFile(site.policyFile, `${policy}\nprices: { cpu: 0.00002 }\n`);
    expect((await look()).first).toMatchObject({ id: "controller-policy" });
    await deploy();
    expect((await look()).code).toBe(0);
    const { appId } = await client.apps.fromName(controllerAppName(fleet.fleet));
    await client.cpClient.appStop({ appId });
    expect((await look()).first).toMatchObject({ id: "controller", mend: ["modal-gha deploy"] });
  });
});
