// GitHub Apps: how one comes to be (from options or from a manifest), its installation, and the codes that a manifest
// flow exchanges for the App's secrets.
import { createPrivateKey, createPublicKey, randomBytes } from "node:crypto";
import { newWebhook } from "./hooks.ts";
import type { Ids } from "./ids.ts";
import { nextRsaKey } from "./keys.ts";
import type { Account, App, Permissions } from "./model.ts";

/** Minutes within which a manifest's code must be exchanged (docs: "Registering a GitHub App from a manifest"). */
const codeLifetimeMinutes = 60;

export interface AppDescription {
  name: string;
  owner: Account;
  id?: number;
  privateKey?: string;
  description?: string | null;
  externalUrl: string;
  setupUrl?: string | null;
  permissions: Permissions;
  events: string[];
  hook: { active: boolean; url: string; secret: string };
}

export class Apps {
  readonly #ids: Ids;
  readonly #clock: () => Date;
  readonly #apps = new Map<number, App>();
  readonly #codes = new Map<string, { app: App; expiresAt: number }>();

  constructor(ids: Ids, clock: () => Date) {
    this.#ids = ids;
    this.#clock = clock;
  }

  /** Registers an App; makes its key unless the description brings one (PEM, PKCS#1 or PKCS#8). */
  async register(description: AppDescription): Promise<App> {
    const key = description.privateKey ? createPrivateKey(description.privateKey) : await nextRsaKey();
    const id = description.id ?? this.#ids.next("app");
    const app: App = {
      id,
      slug: this.#freeSlug(description.name),
      name: description.name,
      clientId: `Iv23li${randomBytes(14).toString("base64url").replace(/[-_]/g, "x").slice(0, 14)}`,
      clientSecret: randomBytes(20).toString("hex"),
      owner: description.owner,
      privateKey: description.privateKey ?? key.export({ type: "pkcs1", format: "pem" }).toString(),
      publicKey: createPublicKey(key),
      description: description.description ?? null,
      externalUrl: description.externalUrl,
      setupUrl: description.setupUrl ?? null,
      permissions: { ...description.permissions, metadata: "read" },
      events: description.events,
      hook: newWebhook(this.#ids, { type: "integration", id }, description.hook),
      createdAt: this.#clock(),
      installation: undefined,
    };
    this.#apps.set(app.id, app);
    return app;
  }

  /** Gives the App a new private key in place of the one that it has. @returns the key, PEM */
  async replaceKey(app: App): Promise<string> {
    const key = await nextRsaKey();
    app.privateKey = key.export({ type: "pkcs1", format: "pem" }).toString();
    app.publicKey = createPublicKey(key);
    return app.privateKey;
  }

  /** Installs an App on all repositories of an account; asking twice changes nothing. */
  install(app: App, account: Account): NonNullable<App["installation"]> {
    app.installation ??= {
      id: this.#ids.next("installation"),
      account,
      permissions: app.permissions,
      events: app.events,
      createdAt: this.#clock(),
      suspended: undefined,
    };
    return app.installation;
  }

  /** The account agrees to what the App asks for by now. */
  acceptPermissions(app: App): void {
    const { permissions, events, installation } = app;
    if (installation) Object.assign(installation, { permissions, events });
  }

  /** The one-time code that the manifest flow's redirect carries. */
  issueCode(app: App): string {
    const code = randomBytes(20).toString("hex");
    this.#codes.set(code, { app, expiresAt: this.#clock().getTime() + codeLifetimeMinutes * 60_000 });
    return code;
  }

  /** The App of a manifest code, once; undefined when the code is unknown, used or older than an hour. */
  redeemCode(code: string): App | undefined {
    const issued = this.#codes.get(code);
    this.#codes.delete(code);
    return issued && issued.expiresAt > this.#clock().getTime() ? issued.app : undefined;
  }

  /** By App id or client id: a JWT may name either as its issuer. */
  byIssuer(issuer: string): App | undefined {
    return this.all().find((app) => String(app.id) === issuer || app.clientId === issuer);
  }

  bySlug(slug: string): App | undefined {
    return this.all().find((app) => app.slug === slug);
  }

  byInstallation(id: number): App | undefined {
    return this.all().find((app) => app.installation?.id === id);
  }

  all(): App[] {
    return [...this.#apps.values()];
  }

  nameTaken(name: string): boolean {
    return this.all().some((app) => app.slug === slugOf(name));
  }

  #freeSlug(name: string): string {
    const slug = slugOf(name);
    return this.bySlug(slug) ? `${slug}-${randomBytes(2).toString("hex")}` : slug;
  }
}

function slugOf(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}
