// The runner's session with the broker, kept through errors: opens it, waits for messages, opens it again where GitHub
// asks for that. Waits and words as in src/Runner.Listener/BrokerMessageListener.cs.
import { setTimeout as delay } from "node:timers/promises";
import type { BrokerMessage } from "../runner-protocol.ts";
import { Broker, brokerErrorKind } from "./broker.ts";
import type { Configuration } from "./configuration.ts";
import { RegistrationDeletedError, runnerTokens } from "./credentials.ts";
import { type ReturnCode, returnCode } from "./return-code.ts";
import { ServiceError, type TokenSource } from "./service-client.ts";
import { type Terminal, universalTime } from "./terminal.ts";

const conflictLimitSeconds = 240;

export interface SessionOptions {
  configuration: Configuration;
  terminal: Terminal;
  /** Seconds between attempts to open a session, or to poll after an error. */
  retrySeconds: number;
  /** Aborted by SIGINT and SIGTERM; everything here then throws its AbortError. */
  shutdown: AbortSignal;
}

/** The session could not be opened, and that is final; the reason has been printed. */
export class SessionRefusedError extends Error {
  override readonly name = "SessionRefusedError";
  readonly code: ReturnCode;

  constructor(code: ReturnCode) {
    super("The session was refused.");
    this.code = code;
  }
}

const text = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export class Session {
  readonly tokens: TokenSource;
  readonly broker: Broker;
  readonly #options: SessionOptions;
  /** Ends the poll that is under way. */
  #poll = new AbortController();

  constructor(options: SessionOptions) {
    this.#options = options;
    this.tokens = runnerTokens(options.configuration);
    this.broker = new Broker(options.configuration, this.tokens);
  }

  /** @throws SessionRefusedError when it is pointless to try again. */
  async open(): Promise<void> {
    const { terminal, shutdown, retrySeconds } = this.#options;
    let told = false;
    for (let conflicts = 0; ; ) {
      shutdown.throwIfAborted();
      try {
        await this.tokens(false);
        terminal.line();
        terminal.success("Connected to GitHub");
        terminal.line();
        await this.broker.createSession(shutdown);
        if (told) terminal.line(`${universalTime()}: Runner reconnected.`);
        return;
      } catch (error) {
        shutdown.throwIfAborted();
        if (error instanceof ServiceError && error.status === 409) conflicts++;
        this.#judge(error, conflicts);
        if (!told) this.#tellRetry(error);
        told = true;
        await delay(retrySeconds * 1000, undefined, { signal: shutdown });
      }
    }
  }

  /**
   * Polls once, or until the broker can be reached again.
   * @param ended whatever else may come first; its value is then the result.
   * @returns undefined when there was no message.
   * @throws ServiceError RunnerNotFound or RunnerVersionTooOld, SessionRefusedError.
   */
  async next<T>(ended: Promise<T>): Promise<BrokerMessage | undefined | T> {
    const { shutdown, retrySeconds } = this.#options;
    for (let told = false; ; ) {
      shutdown.throwIfAborted();
      this.#poll = new AbortController();
      const poll = this.broker.nextMessage(AbortSignal.any([this.#poll.signal, shutdown]));
      try {
        return await Promise.race([poll, ended]);
      } catch (error) {
        shutdown.throwIfAborted();
        if (this.#poll.signal.aborted) continue;
        const kind = brokerErrorKind(error);
        if (kind === "RunnerNotFound" || kind === "RunnerVersionTooOld") throw error;
        if (kind === "RunnerSessionInvalid") {
          await this.open();
          continue;
        }
        if (!told) this.#tellRetry(error);
        told = true;
        await Promise.race([delay(retrySeconds * 1000, undefined, { signal: shutdown }), ended]);
      } finally {
        // When something else came first, the poll is of no more use.
        this.#poll.abort();
        await poll.catch(() => {});
      }
    }
  }

  /** From now on the broker hears that the runner is busy: the poll under way is begun anew. */
  becomeBusy(): void {
    this.broker.status = "Busy";
    this.#poll.abort();
  }

  #judge(error: unknown, conflicts: number): void {
    const { terminal, retrySeconds } = this.#options;
    if (error instanceof RegistrationDeletedError) {
      terminal.error(
        "Failed to create a session. The runner registration has been deleted from the server, please re-configure. " +
          "Runner registrations are automatically deleted for runners that have not connected to the service recently.",
      );
      throw new SessionRefusedError(returnCode.terminated);
    }
    const status = error instanceof ServiceError ? error.status : 0;
    if (status === 409) {
      terminal.error("A session for this runner already exists.");
      if (conflicts * retrySeconds < conflictLimitSeconds) return;
      terminal.error(`Stop retry on SessionConflictException after retried for ${conflictLimitSeconds} seconds.`);
    } else if (status !== 401 && status !== 403) {
      return;
    }
    terminal.error(`Failed to create session. ${text(error)}`);
    throw new SessionRefusedError(status === 409 ? returnCode.sessionConflict : returnCode.terminated);
  }

  #tellRetry(error: unknown): void {
    this.#options.terminal.error(
      `${universalTime()}: Runner connect error: ${text(error)}. Retrying until reconnected.`,
    );
  }
}
