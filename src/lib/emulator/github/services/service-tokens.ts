// Tokens of the runner services: one kind names a runner, the other a job. Signed JWTs, since runners parse them.
import { randomBytes } from "node:crypto";
import { errors, jwtVerify, SignJWT } from "jose";

/** Runners ask for a new token before this is over. */
export const runnerTokenSeconds = 3_000;

export type ServiceIdentity = { runnerId: number } | { jobId: string };

export class ServiceTokens {
  readonly #secret = randomBytes(32);

  /** @param seconds how long the token is good for */
  sign(identity: ServiceIdentity, seconds: number): Promise<string> {
    return new SignJWT({ ...identity })
      .setProtectedHeader({ alg: "HS256" })
      .setIssuedAt()
      .setExpirationTime(`${seconds}s`)
      .sign(this.#secret);
  }

  /** Whom an Authorization header speaks for; undefined when it holds no token of ours that is still good. */
  async verify(header: string | undefined): Promise<ServiceIdentity | undefined> {
    const token = /^bearer\s+(\S+)$/i.exec(header ?? "")?.[1];
    if (!token) return undefined;
    try {
      const { payload } = await jwtVerify(token, this.#secret, { algorithms: ["HS256"] });
      if (typeof payload["runnerId"] === "number") return { runnerId: payload["runnerId"] };
      if (typeof payload["jobId"] === "string") return { jobId: payload["jobId"] };
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
    }
    return undefined;
  }
}
