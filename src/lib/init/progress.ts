// The steps of `init`, and what each has come to. A step looks at how things are before it does anything.

export const stepNames = [
  "modal",
  "policy",
  "github",
  "image",
  "controller",
  "secrets",
  "webhook",
  "settings",
  "installation",
  "verification",
  "workflow",
] as const;

export type StepName = (typeof stepNames)[number];

/**
 * `made`: something was made or changed; `unchanged`: it was there already, as it should be; `done`: looked at and found
 * good, with nothing to make; `skipped`: left out, since it was asked for or does not apply.
 */
export type StepState = "made" | "unchanged" | "done" | "skipped";

/** What a step has come to. */
export interface Told {
  state: StepState;
  /** What was made or found, on one line, for people. */
  detail: string;
}

export interface StepReport extends Told {
  step: StepName;
}

/** Hears how it goes. */
export interface Listener {
  /** @param number of the step in this run, from 1 */
  onBegin(step: StepName, number: number): void;
  onReport(report: StepReport): void;
  /** What else a person should know, such as a warning or an address to open. */
  note(text: string): void;
  /** A line of a long step's log: of an image build, or a deployment. */
  line(text: string): void;
}

export class Progress {
  readonly reports: StepReport[] = [];
  readonly signal: AbortSignal;
  readonly #listener: Listener;

  constructor(listener: Listener, signal: AbortSignal) {
    this.#listener = listener;
    this.signal = signal;
  }

  /** Runs a step and reports it. @throws the signal's reason before it begins; what the step throws */
  async run<T extends Told>(step: StepName, work: () => Promise<T>): Promise<T> {
    this.signal.throwIfAborted();
    this.#listener.onBegin(step, this.reports.length + 1);
    const result = await work();
    this.#report({ step, state: result.state, detail: result.detail });
    return result;
  }

  /** The same of a step that there may be nothing to say of yet: then it comes later. */
  async runIfAny<T extends Told>(step: StepName, look: () => Promise<T | undefined>): Promise<T | undefined> {
    this.signal.throwIfAborted();
    const result = await look();
    return result && this.run(step, async () => result);
  }

  #report(report: StepReport): void {
    this.reports.push(report);
    this.#listener.onReport(report);
  }

  /** Whether anything was made. */
  get hasChanged(): boolean {
    return this.reports.some(({ state }) => state === "made");
  }
}
