// Makes a JIT configuration: the three files with which a runner starts without `config.sh`.
// Source of their members: src/Runner.Common/ConfigurationStore.cs and src/Runner.Listener/Configuration of actions/runner.
import { createPublicKey, type KeyObject, randomUUID } from "node:crypto";
import type { JitConfigFiles, RunnerCredentials, RunnerRsaParameters, RunnerSettings } from "../runner-protocol.ts";
import type { Ids } from "./ids.ts";
import { nextRsaKey } from "./keys.ts";
import type { Account, Repository, Runner, RunnerGroup } from "./model.ts";
import type { Store } from "./store.ts";
import type { Urls } from "./urls.ts";

/** Labels that GitHub marks as its own; all others are custom. */
const ownLabels = ["self-hosted", "linux", "macos", "windows", "x64", "arm64", "arm"];

export interface RunnerRequest {
  name: string;
  labels: string[];
  group: RunnerGroup;
  workFolder: string;
  /** Undefined for a runner of the organization. */
  repository: Repository | undefined;
}

/** A runner that is not registered yet, and its configuration: base64 of JSON. */
export async function newJitRunner(
  request: RunnerRequest,
  { ids, urls, store, clock }: { ids: Ids; urls: Urls; store: Store; clock: () => Date },
): Promise<{ runner: Runner; encodedJitConfig: string }> {
  const key = await nextRsaKey();
  const runner: Runner = {
    id: ids.next("runner"),
    name: request.name,
    group: request.group,
    labels: request.labels.map((name) => ({
      id: ids.next("runnerLabel"),
      name,
      type: ownLabels.includes(name.toLowerCase()) ? "read-only" : "custom",
    })),
    repository: request.repository,
    publicKey: createPublicKey(key),
    clientId: randomUUID(),
    os: "unknown",
    version: null,
    createdAt: clock(),
  };
  const files: JitConfigFiles = {
    ".runner": base64(settings(runner, request.workFolder, store.owner, urls)),
    ".credentials": base64(credentials(runner, urls)),
    ".credentials_rsaparams": base64(rsaParameters(key)),
  };
  return { runner, encodedJitConfig: base64(files) };
}

function settings(runner: Runner, workFolder: string, owner: Account, urls: Urls): RunnerSettings {
  const path = runner.repository ? `/${owner.login}/${runner.repository.name}` : `/${owner.login}`;
  return {
    AgentId: String(runner.id),
    AgentName: runner.name,
    PoolId: String(runner.group.id),
    PoolName: runner.group.name,
    ServerUrl: "",
    GitHubUrl: urls.web(path),
    WorkFolder: workFolder,
    Ephemeral: "True",
    DisableUpdate: "True",
    UseV2Flow: "True",
    ServerUrlV2: urls.broker,
  };
}

function credentials(runner: Runner, urls: Urls): RunnerCredentials {
  const { clientId: ClientId } = runner;
  return { Scheme: "OAuth", Data: { ClientId, AuthorizationUrl: urls.oauth, RequireFipsCryptography: "True" } };
}

function rsaParameters(key: KeyObject): RunnerRsaParameters {
  const jwk = key.export({ format: "jwk" });
  const number = (value: string | undefined) => Buffer.from(value ?? "", "base64url").toString("base64");
  return {
    exponent: number(jwk.e),
    modulus: number(jwk.n),
    d: number(jwk.d),
    p: number(jwk.p),
    q: number(jwk.q),
    dp: number(jwk.dp),
    dq: number(jwk.dq),
    inverseQ: number(jwk.qi),
  };
}

function base64(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64");
}
