// The web pages by which a person makes a GitHub App from a manifest and installs it, and the exchange of the code for
// the App's secrets. Source: docs "Registering a GitHub App from a manifest".
import { randomBytes } from "node:crypto";
import type { components } from "@octokit/openapi-types";
import type { Context, Hono } from "hono";
import { html } from "hono/html";
import { z } from "zod";
import type { ApiEnv, GitHub } from "../context.ts";
import { notFound } from "../errors.ts";
import { isLoopback } from "../loopback.ts";
import { appResponse } from "../responses/apps.ts";
import { sendInstallation, sendPing } from "../webhooks.ts";

type Conversion = components["schemas"]["integration"] & {
  client_id: string;
  client_secret: string;
  webhook_secret: string | null;
  pem: string;
};

const url = (field: string) => z.url({ error: (issue) => fault(field, issue.input) });

const manifestSchema = z.object({
  name: z.string().optional(),
  url: url("url"),
  hook_attributes: z.object({ url: url("hook_attributes.url"), active: z.boolean().default(true) }).optional(),
  redirect_url: url("redirect_url").optional(),
  setup_url: url("setup_url").optional(),
  description: z.string().optional(),
  public: z.boolean().optional(),
  default_events: z.array(z.string()).default([]),
  default_permissions: z.record(z.string(), z.enum(["read", "write", "admin"])).default({}),
});

function fault(field: string, input: unknown): string {
  return input === undefined ? `${field} wasn't supplied` : `${field} must be a valid URL`;
}

/** `POST /app-manifests/{code}/conversions`: takes no authentication, works once per code. */
export function addConversionRoute(api: Hono<ApiEnv>, { apps, urls }: GitHub): void {
  api.post("/app-manifests/:code/conversions", (context) => {
    const app = apps.redeemCode(context.req.param("code"));
    if (!app) throw notFound();
    const conversion: Conversion = {
      ...appResponse(app, urls),
      client_secret: app.clientSecret,
      webhook_secret: app.hook.secret || null,
      pem: app.privateKey,
    };
    return context.json(conversion, 201);
  });
}

export function addManifestPages(web: Hono, github: GitHub): void {
  const { apps, store } = github;

  const ask = async (context: Context) => {
    const owner = ownerOf(context, github);
    const { manifest } = await context.req.parseBody();
    const read = readManifest(manifest, github);
    if ("problems" in read) return invalid(context, read.problems);
    const action = `${new URL(context.req.url).pathname.replace(/\/new$/, "")}`;
    return context.html(
      page(
        `Create GitHub App for ${owner.login}`,
        html`<form method="post" action="${action}">
          <input type="hidden" name="manifest" value="${String(manifest)}" />
          <input type="hidden" name="state" value="${context.req.query("state") ?? ""}" />
          <label>GitHub App name <input name="name" value="${read.name ?? ""}" required /></label>
          <button type="submit">Create GitHub App for ${owner.login}</button>
        </form>`,
      ),
    );
  };

  const create = async (context: Context) => {
    const owner = ownerOf(context, github);
    const form = await context.req.parseBody();
    const read = readManifest(form["manifest"], github);
    if ("problems" in read) return invalid(context, read.problems);
    const name = String(form["name"] ?? read.name ?? "");
    const problem = nameProblem(name, github);
    if (problem !== undefined) return invalid(context, [problem]);
    const hook = read.hook_attributes;
    const app = await apps.register({
      name,
      owner,
      description: read.description ?? null,
      externalUrl: read.url,
      setupUrl: read.setup_url ?? null,
      permissions: read.default_permissions,
      events: read.default_events,
      // Without hook attributes an App has neither a webhook nor a secret.
      hook: {
        active: hook?.active ?? false,
        url: hook?.url ?? "",
        secret: hook ? randomBytes(20).toString("hex") : "",
      },
    });
    sendPing(github, app);
    const target = new URL(read.redirect_url ?? read.url);
    target.searchParams.set("code", apps.issueCode(app));
    if (form["state"]) target.searchParams.set("state", String(form["state"]));
    return context.redirect(target.toString(), 302);
  };

  web.post("/settings/apps/new", ask);
  web.post("/organizations/:org/settings/apps/new", ask);
  web.post("/settings/apps", create);
  web.post("/organizations/:org/settings/apps", create);

  web.get("/apps/:slug/installations/new", (context) => {
    const app = apps.bySlug(context.req.param("slug"));
    if (!app) return context.notFound();
    const heading = `Install ${app.name} on ${store.owner.login}`;
    const button = html`<form method="post"><button type="submit">Install</button></form>`;
    return context.html(page(heading, button));
  });

  web.post("/apps/:slug/installations/new", (context) => {
    const app = apps.bySlug(context.req.param("slug"));
    if (!app) return context.notFound();
    const isNew = app.installation === undefined;
    const installation = apps.install(app, store.owner);
    const { id } = installation;
    if (isNew) sendInstallation(github, app, installation, "created");
    if (!app.setupUrl) return context.html(page(`${app.name} is installed on ${store.owner.login}`, ""));
    const target = new URL(app.setupUrl);
    target.searchParams.set("installation_id", String(id));
    target.searchParams.set("setup_action", "install");
    return context.redirect(target.toString(), 302);
  });
}

function ownerOf(context: Context, { store }: GitHub) {
  const login = context.req.param("org");
  const owner = login === undefined ? store.user : store.account(login);
  if (!owner) throw notFound();
  return owner;
}

/** Longest name of an App; docs "Registering a GitHub App". */
const longestName = 34;

function nameProblem(name: string, { apps }: GitHub): string | undefined {
  if (name === "") return "Name is missing";
  if (name.length > longestName) return `Name is too long (maximum is ${longestName} characters)`;
  return apps.nameTaken(name) ? "Name is already taken" : undefined;
}

/** The permission, at least to read, without which an App cannot listen to an event; docs "Webhook events and payloads". */
const permissionOf: Record<string, string> = { workflow_job: "actions", workflow_run: "actions" };

type Manifest = z.infer<typeof manifestSchema>;

function readManifest(text: unknown, { refuseLoopbackHooks }: GitHub): Manifest | { problems: string[] } {
  let value: unknown;
  try {
    value = JSON.parse(String(text));
  } catch {
    return { problems: ["The manifest is not valid JSON"] };
  }
  const result = manifestSchema.safeParse(value);
  if (!result.success) return { problems: result.error.issues.map((issue) => issue.message) };
  const { default_events: events, default_permissions: permissions, hook_attributes: hook } = result.data;
  const unsupported = events.filter(
    (event) => !((permissionOf[event] ?? "metadata") in { ...permissions, metadata: 1 }),
  );
  if (unsupported.length > 0) {
    return { problems: [`Default events are not supported by permissions: ${unsupported.join(", ")}`] };
  }
  if (hook && refuseLoopbackHooks && isLoopback(hook.url)) {
    return { problems: ["Hook url is not supported because it isn't reachable over the public Internet (localhost)"] };
  }
  return result.data;
}

function invalid(context: Context, problems: string[]) {
  const items = problems.map((problem) => html`<li>${problem}</li>`);
  return context.html(page("Invalid GitHub App configuration", html`<p>Error</p><ul>${items}</ul>`), 422);
}

function page(title: string, body: ReturnType<typeof html> | string) {
  return html`<!doctype html>
    <html lang="en">
      <head><meta charset="utf-8" /><title>${title}</title></head>
      <body><h1>${title}</h1>${body}</body>
    </html>`;
}
