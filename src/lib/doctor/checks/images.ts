// The link from pools to runner images: published under the policy's name, of the right kind, with a runner that GitHub
// still gives jobs to.
import { formatDuration } from "../../cli/durations.ts";
import { deprecationState, describeDeprecation, readDeprecation, runnerScope } from "../../github/deprecations.ts";
import { type Check, type Finding, fail, list, notApplicable, ok, together, warn } from "../check.ts";
import type { ImageInUse } from "../facts/modal.ts";

export const image: Check = {
  id: "image",
  title: "Runner image",
  needs: ["policy", "modal"],
  async run({ modal, now }) {
    return together((await modal.images()).map((each) => judge(each, now())));
  },
};

function judge({ wanted, current, elsewhere }: ImageInUse, now: number): Finding {
  const { name, pools, needsDocker } = wanted;
  const build = buildCommand(wanted);
  if (elsewhere === "usable") return ok(`${name} is another workspace's; what is in it cannot be seen from here.`);
  if (elsewhere === "missing") {
    const detail = `No image ${name} may be used from here, which ${poolsOf(pools)} from.`;
    return fail(detail, "Have it published in that workspace, or name an image of this one in the policy.");
  }
  if (!current) return fail(`Nothing is published as ${name}, which ${poolsOf(pools)} from.`, build);
  const { runnerVersion, variant, builtAt, imageId } = current;
  if (needsDocker && variant !== "docker" && runnerVersion !== null) {
    return fail(`${name} has no Docker inside, which ${list(pools)} promises.`, build);
  }
  const age = `${formatDuration(now - builtAt)} ago`;
  if (runnerVersion === null) {
    const detail = `${name} (${imageId}, published ${age}) was not built by modal-gha, so its runner's version is not known.`;
    return warn(detail, `To have one that is known: ${build}`);
  }
  return ok(`${name} has runner ${runnerVersion}, built ${age}.`);
}

function poolsOf(pools: readonly string[]): string {
  return `${pools.length === 1 ? "pool" : "pools"} ${list(pools)} ${pools.length === 1 ? "starts" : "start"}`;
}

function buildCommand({ name, needsDocker }: Pick<ImageInUse["wanted"], "name" | "needsDocker">): string {
  return `modal-gha image build --name ${name}${needsDocker ? " --docker" : ""}`;
}

export const runnerVersion: Check = {
  id: "runner-version",
  title: "Runner version",
  needs: ["image", "rate-limit"],
  async run({ modal, github, local, now }) {
    const { policy } = await local.policy();
    const images = await modal.images();
    const versions = new Map<string, ImageInUse["wanted"][]>();
    for (const { wanted, current } of images) {
      if (!current?.runnerVersion) continue;
      versions.set(current.runnerVersion, [...(versions.get(current.runnerVersion) ?? []), wanted]);
    }
    if (versions.size === 0) return notApplicable("No image says which runner is in it.");
    const [octokit] = await github.octokits();
    const scope = await runnerScope(octokit, policy, (await github.credentials()).first.kind === "app");
    if (scope === undefined) return notApplicable("There is no repository by which GitHub could be asked.");
    const findings = [...versions].map(async ([version, users]): Promise<Finding> => {
      const deprecation = await readDeprecation(octokit, scope, version);
      if (!deprecation) return ok(`GitHub names no end for runner ${version}.`);
      const detail = describeDeprecation(deprecation, now()).replace(/^(Error|Warning): r/, "R");
      const mend = users.map(buildCommand);
      switch (deprecationState(deprecation, now())) {
        case "past":
          return fail(detail, ...mend);
        case "soon":
          return warn(detail, ...mend);
        default:
          return ok(detail);
      }
    });
    return together(await Promise.all(findings));
  },
};
