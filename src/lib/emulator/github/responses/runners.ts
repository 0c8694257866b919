// Runners, runner groups and runner downloads as the API shows them.
import type { components } from "@octokit/openapi-types";
import type { Account, Runner, RunnerGroup } from "../model.ts";
import type { Urls } from "../urls.ts";

type Schemas = components["schemas"];

export function runnerResponse(runner: Runner, state: { online: boolean; busy: boolean }): Schemas["runner"] {
  return {
    id: runner.id,
    name: runner.name,
    os: runner.os,
    status: state.online ? "online" : "offline",
    busy: state.busy,
    ephemeral: true,
    runner_group_id: runner.group.id,
    version: runner.version,
    labels: runner.labels,
  };
}

export function runnerGroupResponse(group: RunnerGroup, owner: Account, urls: Urls): Schemas["runner-groups-org"] {
  return {
    id: group.id,
    name: group.name,
    visibility: group.visibility,
    default: group.default,
    ...(group.visibility === "selected" && {
      selected_repositories_url: urls.api(`/orgs/${owner.login}/actions/runner-groups/${group.id}/repositories`),
    }),
    runners_url: urls.api(`/orgs/${owner.login}/actions/runner-groups/${group.id}/runners`),
    inherited: false,
    allows_public_repositories: group.allowsPublicRepositories,
    restricted_to_workflows: false,
    selected_workflows: [],
    workflow_restrictions_read_only: false,
  };
}

export interface RunnerReleaseFacts {
  version: string;
  publishedAt: string;
  /** Bytes of the archive for x64, or about that many. */
  size: number;
  sha256: { x64: string; arm64: string };
}

/** The runner releases that this GitHub offers, the newest first; the checksums are those of actions/runner's own. */
export const runnerReleases = [
  {
    version: "2.338.0",
    publishedAt: "2026-10-06T14:00:00Z",
    size: 227_660_598,
    sha256: {
      x64: "af4b794c1bc41d73d40535e3fe092a39f9679cd8d965954c2aca25a05ca41d32",
      arm64: "628b4a7258487b80c1d3c221095a7ded349f5ae0175fd3dfab708d07428f041b",
    },
  },
  {
    version: "2.337.0",
    publishedAt: "2026-08-26T14:00:00Z",
    size: 226_000_000,
    sha256: {
      x64: "70920811a4f8ad4328818682bca5c6469c1c942fab52448868071d0063816613",
      arm64: "9b1dc70626422526e3c94767cf024896beb15da5342a3f4819bf2feac13e0393",
    },
  },
] as const satisfies readonly RunnerReleaseFacts[];

/** `GET …/actions/runners/downloads`. */
export function runnerDownloads(release: RunnerReleaseFacts = runnerReleases[0]): Schemas["runner-application"][] {
  const { version, sha256 } = release;
  return (["x64", "arm64"] as const).map((architecture) => {
    const filename = `actions-runner-linux-${architecture}-${version}.tar.gz`;
    return {
      os: "linux",
      architecture,
      download_url: `https://github.com/actions/runner/releases/download/v${version}/${filename}`,
      filename,
      sha256_checksum: sha256[architecture],
    };
  });
}
