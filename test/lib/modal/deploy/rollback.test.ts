import { writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { findDeployed, rollBack as rollBackAtModal } from "../../../../src/lib/modal/deploy/history.ts";
import { rollBackController } from "../../../../src/lib/modal/deploy/rollback.ts";
import { modalClient } from "../../../python.ts";
import { healthOf, policyText, type Site, siteWith } from "./support.ts";

const bin = (await modalClient()) ?? "";

function rollBack(site: Site, version?: number) {
  const said: string[] = [];
  const { client } = site.access;
  return rollBackController({ client, fleet: site.fleet, version, say: (line) => said.push(line) });
}

it.runIf(bin !== "")(
  "goes back to the version before, further back the second time, and to a version by number",
  async () => {
    const site = await siteWith([bin]);
    await expect(rollBack(site)).rejects.toMatchObject({ code: "no-version", nextSteps: ["modal-gha deploy"] });
    const hashes: string[] = [];
    for (const label of ["one", "two", "three"]) {
      await writeFile(site.policyFile, policyText.replace("[modal]", `[${label}]`));
      hashes.push((await site.deploy()).policyHash);
    }
    const [one, two, three] = hashes;
    expect(await rollBack(site)).toMatchObject({ rolledBackTo: 2, appVersion: 4, policyHash: two });
    const back = await rollBack(site);
    expect(back).toMatchObject({ rolledBackTo: 1, appVersion: 5, policyHash: one });
    expect(await healthOf(back.url)).toMatchObject({ policy: one });
    await expect(rollBack(site)).rejects.toMatchObject({
      code: "no-version",
      message: "There is no version before 1.",
    });
    expect(await rollBack(site, 3)).toMatchObject({ rolledBackTo: 3, policyHash: three });
    await expect(rollBack(site, 9)).rejects.toMatchObject({
      message: "There is no version 9.",
      why: "There are 6, 5, 4, 3, 2, 1.",
    });
  },
);

it.runIf(bin !== "")(
  "goes back past a version that was taken back at once, to the one that served before",
  async () => {
    const site = await siteWith([bin]);
    const deploy = async (label: string) => {
      await writeFile(site.policyFile, policyText.replace("[modal]", `[${label}]`));
      return site.deploy();
    };
    await deploy("oldest");
    const { policyHash: good, appId } = await deploy("good");
    await deploy("bad");
    // As a deploy does it by itself when what it has deployed is not well.
    await rollBackAtModal(site.access.client, appId, 2);
    await deploy("good-again");
    expect(await rollBack(site)).toMatchObject({ rolledBackTo: 2, appVersion: 6, policyHash: good });
    // Also when the copy is named, which is then a copy of a copy.
    expect(await rollBack(site, 6)).toMatchObject({ rolledBackTo: 6, appVersion: 7, policyHash: good });
    const { versions } = (await findDeployed(site.access.client, site.fleet)) ?? {};
    expect(versions?.[0]).toMatchObject({ version: 7, rollbackOf: 6 });
    expect(await rollBack(site)).toMatchObject({ rolledBackTo: 1, appVersion: 8 });
  },
);
