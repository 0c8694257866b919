// Who may call: the workspace's token pair on the control plane, and the signed tokens that the server hands out itself.
import { randomBytes, timingSafeEqual } from "node:crypto";
import { jwtVerify, SignJWT } from "jose";
import { type Metadata, ServerError, Status } from "nice-grpc";
import type { ControlPlaneHandlers } from "./definitions.ts";
import { newId } from "./ids.ts";

/** Seconds that a signed token is good for. */
const lifetime = 20 * 60;

function same(given: string | undefined, expected: string): boolean {
  const [a, b] = [Buffer.from(given ?? ""), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

export class Credentials {
  readonly tokenId: string;
  readonly tokenSecret: string;
  readonly #key = randomBytes(32);

  constructor(tokenId = newId("ak"), tokenSecret = newId("as")) {
    this.tokenId = tokenId;
    this.tokenSecret = tokenSecret;
  }

  #sign(subject: string): Promise<string> {
    return new SignJWT()
      .setProtectedHeader({ alg: "HS256" })
      .setSubject(subject)
      .setIssuedAt()
      .setExpirationTime(`${lifetime}s`)
      .sign(this.#key);
  }

  /** The token that a client shows to the command router of a task. */
  taskToken(taskId: string): Promise<string> {
    return this.#sign(taskId);
  }

  async #verify(token: string): Promise<void> {
    try {
      await jwtVerify(token, this.#key);
    } catch {
      throw new ServerError(Status.UNAUTHENTICATED, "The token is not valid, or not any more");
    }
  }

  /** @throws ServerError UNAUTHENTICATED */
  async check(path: string, metadata: Metadata): Promise<void> {
    const text = (name: string) => metadata.get(name)?.toString();
    if (!path.startsWith("/modal.client.ModalClient/")) {
      return this.#verify(text("authorization")?.replace(/^Bearer /, "") ?? "");
    }
    const idMatches = same(text("x-modal-token-id"), this.tokenId);
    const secretMatches = same(text("x-modal-token-secret"), this.tokenSecret);
    if (!idMatches || !secretMatches) {
      throw new ServerError(Status.UNAUTHENTICATED, "Token validation failed: wrong token ID or token secret");
    }
    const token = text("x-modal-auth-token");
    if (token) await this.#verify(token);
  }

  handlers(): ControlPlaneHandlers {
    return { authTokenGet: async () => ({ token: await this.#sign(this.tokenId) }) };
  }
}
