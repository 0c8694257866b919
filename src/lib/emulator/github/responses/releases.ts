// A release of actions/runner as the API shows it.
import type { components } from "@octokit/openapi-types";
import type { Urls } from "../urls.ts";
import { type RunnerReleaseFacts, runnerDownloads } from "./runners.ts";

type Schemas = components["schemas"];

export function runnerReleaseResponse(release: RunnerReleaseFacts, urls: Urls): Schemas["release"] {
  const { version, publishedAt } = release;
  const tag = `v${version}`;
  const id = Number(version.replaceAll(".", ""));
  const page = `https://github.com/actions/runner/releases/tag/${tag}`;
  const downloads = runnerDownloads(release);
  const checksums = downloads.map(
    ({ architecture, filename, sha256_checksum: sha256 }) =>
      `- ${filename} <!-- BEGIN SHA linux-${architecture} -->${sha256}<!-- END SHA linux-${architecture} -->`,
  );
  return {
    url: urls.api(`/repos/actions/runner/releases/${id}`),
    html_url: page,
    assets_url: urls.api(`/repos/actions/runner/releases/${id}/assets`),
    upload_url: urls.api(`/repos/actions/runner/releases/${id}/assets{?name,label}`),
    tarball_url: urls.api(`/repos/actions/runner/tarball/${tag}`),
    zipball_url: urls.api(`/repos/actions/runner/zipball/${tag}`),
    id,
    node_id: `RE_${id}`,
    tag_name: tag,
    target_commitish: "main",
    name: tag,
    body: `## SHA-256 Checksums\n\n${checksums.join("\n")}\n`,
    draft: false,
    prerelease: false,
    immutable: true,
    created_at: publishedAt,
    published_at: publishedAt,
    author: githubActions(urls),
    assets: downloads.map(({ filename, download_url: url, sha256_checksum: sha256 }, index) => ({
      url: urls.api(`/repos/actions/runner/releases/assets/${id * 10 + index}`),
      browser_download_url: url,
      id: id * 10 + index,
      node_id: `RA_${id * 10 + index}`,
      name: filename,
      label: "",
      state: "uploaded",
      content_type: "application/x-gzip",
      size: release.size,
      digest: `sha256:${sha256}`,
      download_count: 0,
      created_at: publishedAt,
      updated_at: publishedAt,
      uploader: githubActions(urls),
    })),
  };
}

/** Who publishes the releases of actions/runner. */
function githubActions(urls: Urls): Schemas["simple-user"] {
  const login = "github-actions[bot]";
  const of = (rest: string) => urls.api(`/users/${encodeURIComponent(login)}${rest}`);
  return {
    login,
    id: 41898282,
    node_id: "MDM6Qm90NDE4OTgyODI=",
    avatar_url: "https://avatars.githubusercontent.com/in/15368?v=4",
    gravatar_id: "",
    url: of(""),
    html_url: "https://github.com/apps/github-actions",
    followers_url: of("/followers"),
    following_url: of("/following{/other_user}"),
    gists_url: of("/gists{/gist_id}"),
    starred_url: of("/starred{/owner}{/repo}"),
    subscriptions_url: of("/subscriptions"),
    organizations_url: of("/orgs"),
    repos_url: of("/repos"),
    events_url: of("/events{/privacy}"),
    received_events_url: of("/received_events"),
    type: "Bot",
    site_admin: false,
  };
}
