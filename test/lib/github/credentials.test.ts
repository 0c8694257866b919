import { expect, it } from "vitest";
import { appVariables, furtherApps } from "../../../src/lib/github/credentials.ts";

it("further Apps are numbered from 2, in order, gaps allowed", () => {
  const names = ["", "_1", "_01", "_10", "_3", "_2", "_x", "_4"].map((suffix) => `MODAL_GHA_APP_ID${suffix}`);
  const environment = Object.fromEntries(names.map((name) => [name, "7"]));
  expect(furtherApps({ ...environment, MODAL_GHA_APP_ID_4: "" })).toEqual([2, 3, 10]);
});

it("each has its own variables", () => {
  expect(appVariables(1).privateKeyFile).toBe("MODAL_GHA_PRIVATE_KEY_FILE");
  expect(appVariables(2)).toEqual({
    appId: "MODAL_GHA_APP_ID_2",
    privateKey: "MODAL_GHA_PRIVATE_KEY_2",
    privateKeyFile: "MODAL_GHA_PRIVATE_KEY_2_FILE",
    webhookSecret: "MODAL_GHA_WEBHOOK_SECRET_2",
  });
});
