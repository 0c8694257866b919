// Access tokens: installation tokens (1 hour), a job's GITHUB_TOKEN (as long as its job), and one personal access token.
import { randomBytes } from "node:crypto";
import type { Account, App, Permissions, Repository } from "./model.ts";

const installationTokenMinutes = 60;
/** Length of an installation token since 27 April 2026: `ghs_`, the App's id, and a signed part with dots. */
const signedPartLength = 512;

/** Who makes a request, and what they may do. */
export type Caller =
  | { kind: "anonymous" }
  | { kind: "user"; account: Account }
  | { kind: "app"; app: App }
  | ({ kind: "installation" } & InstallationToken);

export interface InstallationToken {
  token: string;
  /** The App, or undefined for a job's GITHUB_TOKEN, which belongs to GitHub's own Actions App. */
  app: App | undefined;
  permissions: Permissions;
  /** Undefined: all repositories of the installation. */
  repositories: Repository[] | undefined;
  /** Undefined: until revoked. */
  expiresAt: Date | undefined;
}

export class Tokens {
  /** Works everywhere, as a classic token with all scopes does. */
  readonly personal = `ghp_${alphanumeric(36)}`;
  readonly #clock: () => Date;
  readonly #issued = new Map<string, InstallationToken>();

  constructor(clock: () => Date) {
    this.#clock = clock;
  }

  issueForInstallation(app: App, permissions: Permissions, repositories: Repository[] | undefined): InstallationToken {
    const expiresAt = new Date(this.#clock().getTime() + installationTokenMinutes * 60_000);
    return this.#issue({ token: newToken(app.id), app, permissions, repositories, expiresAt });
  }

  /** A job's GITHUB_TOKEN; ends with `revoke`. */
  issueForJob(repository: Repository): InstallationToken {
    const permissions: Permissions = { contents: "read", metadata: "read", packages: "read", actions: "read" };
    return this.#issue({
      token: newToken(15368),
      app: undefined,
      permissions,
      repositories: [repository],
      expiresAt: undefined,
    });
  }

  #issue(token: InstallationToken): InstallationToken {
    this.#issued.set(token.token, token);
    return token;
  }

  revoke(token: string): void {
    this.#issued.delete(token);
  }

  /** The live token with this text. */
  find(text: string): InstallationToken | undefined {
    const token = this.#issued.get(text);
    if (token?.expiresAt && token.expiresAt <= this.#clock()) return undefined;
    return token;
  }
}

function newToken(appId: number): string {
  const text = alphanumeric(signedPartLength);
  return `ghs_${appId}_${text.slice(0, 36)}.${text.slice(36, 170)}.${text.slice(170)}`;
}

function alphanumeric(length: number): string {
  const characters = randomBytes(length * 2)
    .toString("base64")
    .replace(/[^A-Za-z0-9]/g, "");
  return characters.slice(0, length);
}
