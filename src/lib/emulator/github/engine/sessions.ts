// Sessions of runners with the message broker: one per runner, each with at most one message request waiting.
import { randomUUID } from "node:crypto";
import type { BrokerMessage } from "../../runner-protocol.ts";
import type { Ids } from "../ids.ts";
import type { Runner } from "../model.ts";

/** How long the broker holds a request for a message; src/Runner.Listener/BrokerMessageListener.cs polls again then. */
const longPollMs = 50_000;
/** A runner that has asked for no message for this long counts as offline. */
const silenceMs = 90_000;

export type RunnerStatus = "Online" | "Busy";

interface Session {
  id: string;
  runner: Runner;
  openedAt: number;
  lastSeen: number;
  /** Grows with each request; orders idle runners by how long they wait. */
  idleSince: number;
  waiting: { status: RunnerStatus; answer: (message: BrokerMessage | undefined) => void } | undefined;
  messages: Omit<BrokerMessage, "messageId">[];
}

export interface SessionHooks {
  /** A runner asks for messages and is idle. */
  onIdle: (runner: Runner) => void;
  onOpen: (runner: Runner) => void;
  onClose: (runner: Runner) => void;
}

export class Sessions {
  readonly #ids: Ids;
  readonly #clock: () => Date;
  readonly #hooks: SessionHooks;
  readonly #byRunner = new Map<number, Session>();
  #turn = 0;

  constructor(ids: Ids, clock: () => Date, hooks: SessionHooks) {
    this.#ids = ids;
    this.#clock = clock;
    this.#hooks = hooks;
  }

  /** Opens a runner's session; undefined while another session of that runner is alive. */
  open(runner: Runner): string | undefined {
    if (this.online(runner)) return undefined;
    const now = this.#clock().getTime();
    const session: Session = {
      id: randomUUID(),
      runner,
      openedAt: now,
      lastSeen: now,
      idleSince: this.#turn++,
      waiting: undefined,
      messages: [],
    };
    this.#byRunner.set(runner.id, session);
    this.#hooks.onOpen(runner);
    return session.id;
  }

  /** Ends a runner's session, if it has one; its waiting request is answered with nothing. */
  close(runner: Runner): void {
    const session = this.#byRunner.get(runner.id);
    if (!session) return;
    this.#byRunner.delete(runner.id);
    session.waiting?.answer(undefined);
    this.#hooks.onClose(runner);
  }

  has(runner: Runner, sessionId: string): boolean {
    return this.#byRunner.get(runner.id)?.id === sessionId;
  }

  /** Unix time in milliseconds at which the runner's session began; undefined without one. */
  openedAt(runner: Runner): number | undefined {
    return this.#byRunner.get(runner.id)?.openedAt;
  }

  online(runner: Runner): boolean {
    const session = this.#byRunner.get(runner.id);
    if (!session) return false;
    return session.waiting !== undefined || this.#clock().getTime() - session.lastSeen < silenceMs;
  }

  /** Resolves with the runner's next message, or with undefined after 50 s, when its session ends, or when it hangs up. */
  receive(runner: Runner, status: RunnerStatus, hungUp: AbortSignal): Promise<BrokerMessage | undefined> {
    const session = this.#byRunner.get(runner.id);
    if (!session || hungUp.aborted) return Promise.resolve(undefined);
    session.waiting?.answer(undefined);
    session.idleSince = this.#turn++;
    return new Promise((resolve) => {
      const answer = (message: BrokerMessage | undefined) => {
        if (session.waiting !== waiting) return;
        session.waiting = undefined;
        session.lastSeen = this.#clock().getTime();
        clearTimeout(timer);
        hungUp.removeEventListener("abort", onAbort);
        resolve(message);
      };
      const onAbort = () => answer(undefined);
      const timer = setTimeout(onAbort, longPollMs).unref();
      const waiting = { status, answer };
      session.waiting = waiting;
      hungUp.addEventListener("abort", onAbort);
      this.#flush(session);
      if (session.waiting === waiting && status === "Online") this.#hooks.onIdle(runner);
    });
  }

  /** Queues a message for a runner, and delivers it at once if the runner is waiting for one. */
  send(runner: Runner, message: Omit<BrokerMessage, "messageId">): void {
    const session = this.#byRunner.get(runner.id);
    if (!session) return;
    session.messages.push(message);
    this.#flush(session);
  }

  /** Forgets what was queued for a runner. */
  clear(runner: Runner): void {
    this.#byRunner.get(runner.id)?.messages.splice(0);
  }

  /** Runners that wait for a message and say that they run nothing, longest waiting first. */
  idle(): Runner[] {
    return [...this.#byRunner.values()]
      .filter((session) => session.waiting?.status === "Online")
      .sort((a, b) => a.idleSince - b.idleSince)
      .map((session) => session.runner);
  }

  #flush(session: Session): void {
    if (!session.waiting) return;
    const message = session.messages.shift();
    if (message) session.waiting.answer({ messageId: this.#ids.next("message"), ...message });
  }
}
