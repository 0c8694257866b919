// What can go wrong with a deploy, told so that whoever called can say why, and what to do next.

export type DeployFault =
  /** Another fleet's, or somebody else's, App has the name. */
  | "not-ours"
  | "secret-missing"
  | "secret-incomplete"
  | "no-token-pair"
  /** None of the ways to deploy is there. */
  | "no-client"
  | "deploy-failed"
  /** It is deployed, but does not answer as it should. */
  | "unhealthy"
  /** There is no controller, or no version to go back to. */
  | "no-version"
  | "rollback-refused";

/** The message says what happened; it never holds a secret. */
export class DeployError extends Error {
  override name = "DeployError";
  readonly code: DeployFault;
  readonly why: string | undefined;
  /** What to type, or to do. */
  readonly nextSteps: readonly string[];

  constructor(
    code: DeployFault,
    message: string,
    { why, nextSteps, cause }: { why?: string | undefined; nextSteps: readonly string[]; cause?: unknown },
  ) {
    super(message, { cause });
    this.code = code;
    this.why = why;
    this.nextSteps = nextSteps;
  }
}
