// GitHub Apps, installations, tokens and webhook deliveries as the API shows them.
import type { components } from "@octokit/openapi-types";
import { nodeId } from "../ids.ts";
import type { App, Delivery, Installation } from "../model.ts";
import type { InstallationToken } from "../tokens.ts";
import type { Urls } from "../urls.ts";
import { simpleUser } from "./accounts.ts";
import { repositoryResponse } from "./repositories.ts";

type Schemas = components["schemas"];

export function appResponse(app: App, urls: Urls): Schemas["integration"] & { client_id: string } {
  return {
    id: app.id,
    slug: app.slug,
    client_id: app.clientId,
    node_id: nodeId("A", app.id),
    owner: simpleUser(app.owner, urls),
    name: app.name,
    description: app.description,
    external_url: app.externalUrl,
    html_url: urls.web(`/apps/${app.slug}`),
    created_at: app.createdAt.toISOString(),
    updated_at: app.createdAt.toISOString(),
    permissions: { ...app.permissions },
    events: app.events,
    installations_count: app.installation ? 1 : 0,
  };
}

export function installationResponse(app: App, installation: Installation, urls: Urls): Schemas["installation"] {
  const { account } = installation;
  return {
    id: installation.id,
    account: simpleUser(account, urls),
    repository_selection: "all",
    access_tokens_url: urls.api(`/app/installations/${installation.id}/access_tokens`),
    repositories_url: urls.api("/installation/repositories"),
    html_url: urls.web(
      account.type === "Organization"
        ? `/organizations/${account.login}/settings/installations/${installation.id}`
        : `/settings/installations/${installation.id}`,
    ),
    app_id: app.id,
    client_id: app.clientId,
    app_slug: app.slug,
    target_id: account.id,
    target_type: account.type,
    permissions: installation.permissions,
    events: installation.events,
    created_at: installation.createdAt.toISOString(),
    updated_at: installation.createdAt.toISOString(),
    single_file_name: null,
    has_multiple_single_files: false,
    single_file_paths: [],
    suspended_by: installation.suspended ? simpleUser(installation.suspended.by, urls) : null,
    suspended_at: installation.suspended?.at.toISOString() ?? null,
  };
}

export function tokenResponse(token: InstallationToken, urls: Urls): Schemas["installation-token"] {
  return {
    token: token.token,
    expires_at: (token.expiresAt ?? new Date(0)).toISOString().replace(/\.\d+Z$/, "Z"),
    permissions: token.permissions,
    repository_selection: token.repositories ? "selected" : "all",
    ...(token.repositories && { repositories: token.repositories.map((each) => repositoryResponse(each, urls)) }),
  };
}

export function deliveryItem(delivery: Delivery): Schemas["hook-delivery-item"] {
  return {
    id: delivery.id,
    guid: delivery.guid,
    delivered_at: delivery.deliveredAt.toISOString(),
    redelivery: delivery.redelivery,
    duration: delivery.duration,
    status: delivery.status,
    status_code: delivery.statusCode,
    event: delivery.event,
    action: delivery.action,
    installation_id: delivery.installationId,
    repository_id: delivery.repositoryId,
    throttled_at: null,
  };
}

/** `GET /app/hook/deliveries/{delivery_id}`: with what was sent and what was answered. */
export function deliveryResponse(delivery: Delivery): Schemas["hook-delivery"] {
  return {
    id: delivery.id,
    guid: delivery.guid,
    delivered_at: delivery.deliveredAt.toISOString(),
    redelivery: delivery.redelivery,
    duration: delivery.duration,
    status: delivery.status,
    status_code: delivery.statusCode,
    event: delivery.event,
    action: delivery.action,
    installation_id: delivery.installationId,
    repository_id: delivery.repositoryId,
    throttled_at: null,
    url: delivery.url,
    request: delivery.request,
    response: delivery.response,
  };
}
