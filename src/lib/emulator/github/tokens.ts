// Access tokens: installation tokens (1 hour), a job's GITHUB_TOKEN (as long as its job), and one personal access token,
// classic with scopes or fine-grained with permissions.
import { randomBytes } from "node:crypto";
import type { Account, App, Permissions, Repository } from "./model.ts";

const installationTokenMinutes = 60;
/** Length of an installation token since 27 April 2026: `ghs_`, the App's id, and a signed part with dots. */
const signedPartLength = 512;

/** Who makes a request, and what they may do. */
export type Caller =
  | { kind: "anonymous" }
  | { kind: "user"; account: Account; rights: PersonalRights }
  | { kind: "app"; app: App }
  | ({ kind: "installation" } & InstallationToken);

/** What a personal access token may do: scopes of a classic one, or permissions of a fine-grained one. */
export type PersonalRights = { scopes: readonly string[] } | { permissions: Permissions };

/** All that a fleet's token needs; docs "Scopes for OAuth apps". */
const allScopes = ["admin:org", "admin:org_hook", "repo", "workflow"];

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
  readonly personal: string;
  readonly personalRights: PersonalRights;
  readonly #clock: () => Date;
  readonly #issued = new Map<string, InstallationToken>();

  constructor(clock: () => Date, rights: PersonalRights = { scopes: allScopes }) {
    this.#clock = clock;
    this.personalRights = rights;
    const isClassic = "scopes" in rights;
    this.personal = isClassic ? `ghp_${alphanumeric(36)}` : `github_pat_${alphanumeric(22)}_${alphanumeric(59)}`;
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

  /** An App that is uninstalled leaves no token that works. */
  revokeOf(app: App): void {
    for (const [text, token] of this.#issued) if (token.app === app) this.#issued.delete(text);
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
  const characters = randomBytes(length * 2 + 16)
    .toString("base64")
    .replace(/[^A-Za-z0-9]/g, "");
  return characters.slice(0, length);
}
