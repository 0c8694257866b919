// Where GitHub's pages for people are: beside its API, at an address of their own.

/**
 * The web address that belongs to an API address: `https://github.com` for github.com, `https://HOST` for
 * `https://HOST/api/v3` of GitHub Enterprise Server, `https://NAME.ghe.com` for `https://api.NAME.ghe.com`; otherwise the
 * API's own. Without a slash at its end.
 * Source: docs.github.com/rest/using-the-rest-api/getting-started-with-the-rest-api, docs.github.com/enterprise-server/rest
 */
export function webUrlOf(apiUrl: string): string {
  const url = new URL(apiUrl);
  if (url.hostname === "api.github.com" || /^api\.[^.]+\.ghe\.com$/.test(url.hostname)) {
    url.hostname = url.hostname.slice("api.".length);
  }
  const path = url.pathname.replace(/\/+$/, "").replace(/\/api\/v3$/, "");
  return url.origin + path;
}

/** The page on which a new App of an account is registered. */
export function newAppUrl(webUrl: string, owner: string, ownerType: "Organization" | "User"): string {
  const place = ownerType === "Organization" ? `/organizations/${encodeURIComponent(owner)}` : "";
  return `${webUrl.replace(/\/+$/, "")}${place}/settings/apps/new`;
}

/** The settings page of an App. */
export function appSettingsUrl(
  webUrl: string,
  { slug, owner, isOfOrganization }: { slug: string; owner: string; isOfOrganization: boolean },
): string {
  const place = isOfOrganization ? `/organizations/${encodeURIComponent(owner)}` : "";
  return `${webUrl.replace(/\/+$/, "")}${place}/settings/apps/${slug}`;
}
