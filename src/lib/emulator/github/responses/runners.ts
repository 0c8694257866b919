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
    visibility: "all",
    default: group.default,
    runners_url: urls.api(`/orgs/${owner.login}/actions/runner-groups/${group.id}/runners`),
    inherited: false,
    allows_public_repositories: true,
    restricted_to_workflows: false,
    selected_workflows: [],
    workflow_restrictions_read_only: false,
  };
}

/** The runner release that this GitHub offers; the checksums are those of the release (actions/runner v2.337.0). */
export const runnerRelease = {
  version: "2.337.0",
  sha256: {
    x64: "70920811a4f8ad4328818682bca5c6469c1c942fab52448868071d0063816613",
    arm64: "9b1dc70626422526e3c94767cf024896beb15da5342a3f4819bf2feac13e0393",
  },
} as const;

/** `GET …/actions/runners/downloads`. */
export function runnerDownloads(): Schemas["runner-application"][] {
  const { version, sha256 } = runnerRelease;
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
