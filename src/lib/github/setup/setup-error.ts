// What can go wrong while GitHub is set up, told so that whoever called can say why, and what to do next.

export type SetupFault =
  | "port-in-use"
  | "port-refused"
  | "no-app-created"
  | "code-expired"
  | "conversion-refused"
  | "conversion-failed"
  | "wrong-owner"
  | "no-such-owner"
  | "app-not-found"
  | "app-key-refused"
  | "not-installed"
  | "installation-suspended"
  | "token-refused"
  | "webhook-secret-unknown"
  | "webhook-refused";

/** The message says what happened; it never holds a secret, and neither does the cause. */
export class SetupError extends Error {
  override name = "SetupError";
  readonly code: SetupFault;
  /** A sentence. */
  readonly why: string;
  /** What to type, or to do. */
  readonly nextSteps: readonly string[];

  constructor(
    code: SetupFault,
    message: string,
    { why, nextSteps, cause }: { why: string; nextSteps: readonly string[]; cause?: unknown },
  ) {
    super(message, { cause });
    this.code = code;
    this.why = why;
    this.nextSteps = nextSteps;
  }

  /** Whether GitHub did not accept who we are, as against what we asked for. */
  get isAuthentication(): boolean {
    return this.code === "app-key-refused" || this.code === "app-not-found" || this.code === "token-refused";
  }
}
