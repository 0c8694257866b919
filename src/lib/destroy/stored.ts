// What a fleet keeps at Modal beside Apps and images: its Secret; and the operator's caches, which stay.
import type { ModalClient } from "modal";
import { unlessNotFound } from "../modal/apps.ts";
import { secretName } from "../modal/names.ts";
import { deleteSecret, readSecretState, secretMark } from "../modal/secrets.ts";
import type { Policy } from "../policy/schema.ts";
import type { Kept, Removable } from "./things.ts";

export interface Found {
  things: Removable[];
  kept: Kept[];
}

export async function surveySecret(client: ModalClient, fleet: string): Promise<Found> {
  const name = secretName(fleet);
  const state = await readSecretState(client, fleet, []);
  if (state === "missing") return { things: [], kept: [] };
  if (state === "not-ours") {
    const why = `it lacks the key ${secretMark}, so modal-gha did not make it`;
    return { things: [], kept: [{ kind: "secret", name, why, remedy: `modal secret delete ${name}` }] };
  }
  const remove = async () => void (await deleteSecret(client, fleet));
  return { things: [{ kind: "secret", name, id: name, mark: `its key ${secretMark}`, remove }], kept: [] };
}

export async function surveyVolumes(client: ModalClient, policy: Pick<Policy, "pools">): Promise<Found> {
  const names = new Set(policy.pools.flatMap((pool) => pool.volumes.map(({ name }) => name)));
  const kept: Kept[] = [];
  for (const name of names) {
    if (!(await unlessNotFound(() => client.volumes.fromName(name)))) continue;
    kept.push({
      kind: "volume",
      name,
      why: "caches are your data",
      remedy: `modal volume delete ${name}`,
    });
  }
  return { things: [], kept };
}
