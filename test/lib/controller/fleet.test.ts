import { expect, it, vi } from "vitest";
import type { ControllerSettings } from "../../../src/lib/controller/environment.ts";
import { connectFleet } from "../../../src/lib/controller/fleet.ts";
import type { ModalAccess } from "../../../src/lib/modal/client.ts";
import { policyOf } from "../github/support.ts";

const modal = vi.hoisted(() => ({ connecting: Promise.withResolvers<ModalAccess>() }));
vi.mock("../../../src/lib/modal/client.ts", () => ({ connectModal: () => modal.connecting.promise }));

it("closes its connection to Modal when GitHub refuses it, also where that comes later", async () => {
  const credentials = [{ kind: "app", appId: "1", privateKey: "no key" }];
  const settings = { credentials, githubApiUrl: "http://127.0.0.1:9" } as unknown as ControllerSettings;
  await expect(connectFleet(settings, policyOf("{ owner: acme }"), () => undefined)).rejects.toThrow();
  const closed = Promise.withResolvers<void>();
  modal.connecting.resolve({ close: () => closed.resolve() } as ModalAccess);
  await closed.promise;
  expect.assertions(1);
});
