// Whose credentials for Modal these are, which Environment they lead to, and what limits Modal tells of it.
import type { ModalClient } from "modal";

/** gRPC: https://grpc.io/docs/guides/status-codes/ */
const permissionDenied = 7;
const unimplemented = 12;

export interface EnvironmentLimits {
  /** Containers at a time; undefined where Modal tells no limit. */
  maxTasks: number | undefined;
  tasks: number;
  maxGpus: number | undefined;
  gpus: number;
  isSpendLimitReached: boolean;
  /** Dollars of this billing cycle; undefined where Modal tells no limit. */
  spendLimit: number | undefined;
  spent: number;
}

export interface ModalWorkspace {
  /** Undefined where Modal does not tell a token about itself. */
  workspace: string | undefined;
  /** Person or service user that the token belongs to. */
  owner: string | undefined;
  /** Milliseconds since the epoch; undefined for a token that lasts. */
  expiresAt: number | undefined;
  /** The Environment that is used, by name. */
  environment: string;
  /** Names of all Environments that the token sees. */
  environments: string[];
  /** Undefined when there is no such Environment. */
  limits: EnvironmentLimits | undefined;
}

/**
 * EnvironmentList and TokenInfoGet, as `modal environment list` and `modal token info` call them.
 * @throws what the SDK throws; missing or refused credentials among it
 */
export async function readWorkspace(client: ModalClient): Promise<ModalWorkspace> {
  const [{ items }, token] = await Promise.all([client.cpClient.environmentList({}), readToken(client)]);
  const named = client.environmentName();
  const environment = items.find((item) => (named === "" ? item.default : item.name === named));
  return {
    workspace: token?.workspaceName || undefined,
    owner: token?.userIdentity?.username || token?.serviceUserIdentity?.serviceUserName || undefined,
    expiresAt: token?.expiresAt?.getTime(),
    environment: environment?.name ?? named,
    environments: items.map(({ name }) => name),
    limits: environment && {
      maxTasks: environment.maxConcurrentTasks,
      tasks: environment.currentConcurrentTasks,
      maxGpus: environment.maxConcurrentGpus,
      gpus: environment.currentConcurrentGpus,
      isSpendLimitReached: environment.spendLimitReached,
      spendLimit: environment.effectiveCycleSpendLimit || undefined,
      spent: environment.currentCycleUsage,
    },
  };
}

/** Not every kind of token may ask about itself; nothing depends on it. */
async function readToken(client: ModalClient) {
  try {
    return await client.cpClient.tokenInfoGet({});
  } catch (error) {
    const { code } = error as { code?: number };
    if (code === permissionDenied || code === unimplemented) return undefined;
    throw error;
  }
}
