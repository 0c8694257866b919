// The broker: one session, in which the runner long-polls for messages. Calls and errors as in
// src/Sdk/WebApi/WebApi/BrokerHttpClient.cs.
import { hostname, release, type } from "node:os";
import type { BrokerError, BrokerMessage, RunnerSession } from "../runner-protocol.ts";
import type { Configuration } from "./configuration.ts";
import { ServiceClient, ServiceError, type TokenSource } from "./service-client.ts";
import { runnerArchitecture, runnerOs, runnerVersion } from "./version.ts";

export type RunnerStatus = "Online" | "Busy";

/** The broker's own word for what went wrong, if the error is one of the broker's. */
export function brokerErrorKind(error: unknown): BrokerError["errorKind"] | undefined {
  if (!(error instanceof ServiceError) || error.body["source"] !== "actions-broker-listener") return undefined;
  return error.body["errorKind"] as BrokerError["errorKind"];
}

export class Broker {
  readonly #client: ServiceClient;
  readonly #configuration: Configuration;
  #sessionId = "";
  status: RunnerStatus = "Online";

  constructor(configuration: Configuration, tokens: TokenSource) {
    this.#configuration = configuration;
    this.#client = new ServiceClient(configuration.brokerUrl, tokens);
  }

  /** @throws ServiceError: 409 while another session of this runner is open, 403 and others when it is not wanted. */
  async createSession(signal: AbortSignal): Promise<void> {
    const session: RunnerSession = {
      sessionId: "00000000-0000-0000-0000-000000000000",
      ownerName: `${hostname()} (PID: ${process.pid})`,
      agent: {
        id: this.#configuration.agentId,
        name: this.#configuration.agentName,
        version: runnerVersion(),
        osDescription: `${type()} ${release()}`,
        ephemeral: true,
      },
    };
    const created = (await this.#client.send("POST", "session", { body: session, signal })) as RunnerSession;
    this.#sessionId = created.sessionId;
  }

  /** Waits, as long as the broker lets it, for the next message; undefined when there was none. @throws ServiceError */
  async nextMessage(signal: AbortSignal): Promise<BrokerMessage | undefined> {
    const query = { ...this.#query(), disableUpdate: String(this.#configuration.disableUpdate) };
    const message = await this.#client.send("GET", "message", { query, signal });
    return (message ?? undefined) as BrokerMessage | undefined;
  }

  /** @throws ServiceError: AcknowledgeJobNotFound when the job is gone. */
  async acknowledge(runnerRequestId: string): Promise<void> {
    const signal = AbortSignal.timeout(5000);
    await this.#client.send("POST", "acknowledge", { query: this.#query(), body: { runnerRequestId }, signal });
  }

  async deleteSession(): Promise<void> {
    if (this.#sessionId === "") return;
    const query = { sessionId: this.#sessionId };
    this.#sessionId = "";
    await this.#client.send("DELETE", "session", { query, signal: AbortSignal.timeout(30_000) });
  }

  #query(): Record<string, string> {
    return {
      sessionId: this.#sessionId,
      status: this.status,
      runnerVersion: runnerVersion(),
      os: runnerOs(),
      architecture: runnerArchitecture(),
    };
  }
}
