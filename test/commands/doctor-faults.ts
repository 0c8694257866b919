// One broken link of the chain each: how it is broken, what `doctor` finds, and what it says to do about it.
import { generateKeyPairSync } from "node:crypto";
import { mkdir, unlink, writeFile } from "node:fs/promises";
import type { GitHubEmulatorOptions } from "../../src/lib/emulator/github/options.ts";
import { appName, controllerAppName } from "../../src/lib/modal/names.ts";
import { secretMark } from "../../src/lib/modal/secrets.ts";
import { loadPolicy } from "../../src/lib/policy/load.ts";
import { nowhere } from "../e2e/cli.ts";
import { makeApp, publish } from "../lib/destroy/world.ts";
import { deployNothing, type Fleet, makeSecret, policyText, secretValues } from "../lib/doctor/fleet.ts";
import { appOctokitOf, buildWorkflow, directoryOf, repo } from "../lib/emulator/github/harness.ts";

export const org = "acme";

export interface Fault {
  what: string;
  /** The first link that must be found broken. */
  link: string;
  /** What is found. */
  finds: RegExp;
  /** What to do about it, at least. */
  mend: RegExp;
  code?: number;
  github?(): Promise<Partial<GitHubEmulatorOptions>> | Partial<GitHubEmulatorOptions>;
  /** Breaks it. */
  spoil?(fleet: Fleet): unknown;
  /** What is different in the environment. */
  env?(fleet: Fleet): Record<string, string>;
}

const wrongKey = () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { MODAL_GHA_PRIVATE_KEY: privateKey.export({ type: "pkcs1", format: "pem" }).toString() };
};

export const faults: readonly Fault[] = [
  {
    what: "settings that were broken by hand",
    link: "settings",
    finds: /config\.json cannot be read/,
    mend: /mv .*config\.json/,
    async spoil({ env }) {
      await mkdir(`${env["XDG_CONFIG_HOME"]}/modal-gha`, { recursive: true });
      await writeFile(`${env["XDG_CONFIG_HOME"]}/modal-gha/config.json`, "{");
    },
  },
  {
    what: "an address of GitHub that is none",
    link: "settings",
    finds: /GITHUB_API_URL says api\.github\.com, which is no address/,
    mend: /^unset GITHUB_API_URL$/m,
    env: () => ({ GITHUB_API_URL: "api.github.com" }),
  },
  {
    what: "no policy file",
    link: "policy",
    finds: /There is no policy file/,
    mend: /--policy <file>/,
    spoil: ({ policyFile }) => unlink(policyFile),
  },
  {
    what: "a policy with a fault",
    link: "policy",
    finds: /1 fault; the first: .*modal-gha\.yaml:\d+:\d+ pools\[0\]\.gpu/,
    mend: /^modal-gha config validate .*modal-gha\.yaml$/m,
    spoil: ({ policyFile }) => writeFile(policyFile, policyText.replace("labels:", "gpu: H1000, labels:")),
  },
  {
    what: "a token that Modal refuses",
    link: "modal",
    finds: /Modal did not accept the credentials/,
    mend: /^modal token new$/m,
    code: 4,
    env: () => ({ MODAL_TOKEN_SECRET: "as-wrong" }),
  },
  {
    what: "no credentials for Modal",
    link: "modal",
    finds: /There are no credentials for Modal/,
    mend: /^modal token new$/m,
    code: 4,
    env: () => ({ MODAL_TOKEN_ID: "", MODAL_TOKEN_SECRET: "" }),
  },
  {
    what: "a Modal that cannot be reached",
    link: "modal",
    finds: /Modal could not be reached/,
    mend: /status\.modal\.com/,
    env: () => ({ MODAL_SERVER_URL: nowhere }),
  },
  {
    what: "an Environment that Modal does not have",
    link: "modal",
    finds: /has no Environment staging; there are: main/,
    mend: /^export MODAL_ENVIRONMENT=main$/m,
    env: () => ({ MODAL_ENVIRONMENT: "staging" }),
  },
  {
    what: "a spending limit that is reached",
    link: "modal-limits",
    finds: /spending limit of \$50 of main is reached/,
    mend: /modal\.com\/settings\/usage/,
    spoil: ({ limits }) => Object.assign(limits, { spendLimitReached: true, effectiveCycleSpendLimit: 50 }),
  },
  {
    what: "an App of that name that is another fleet's",
    link: "fleet-app",
    finds: /modal-gha-test carries another owner's tags/,
    mend: /modal app stop modal-gha-test/,
    spoil: (fleet) => makeApp(fleet, appName("test"), { "managed-by": "modal-gha", fleet: "other" }),
  },
  {
    what: "an image that nobody published",
    link: "image",
    finds: /Nothing is published as gone-runner, which pool cpu starts from/,
    mend: /^modal-gha image build --name gone-runner$/m,
    spoil: ({ policyFile }) => writeFile(policyFile, policyText.replace("acme-runner", "gone-runner")),
  },
  {
    what: "an image without the Docker that a pool promises",
    link: "image",
    finds: /acme-runner has no Docker inside, which cpu promises/,
    mend: /^modal-gha image build --name acme-runner --docker$/m,
    spoil: ({ policyFile }) => writeFile(policyFile, policyText.replace("labels:", "docker: true, labels:")),
  },
  {
    what: "a runner that GitHub gives no jobs any more",
    link: "runner-version",
    finds: /^Runner 2\.330\.0 is deprecated since/,
    mend: /^modal-gha image build --name acme-runner$/m,
    github: () => ({ deprecatedRunnerVersions: ["2.330.0"] }),
    spoil: (fleet) => publish(fleet, "old", ["acme-runner:mgha-2.330.0-20260301000000", "acme-runner:latest"]),
  },
  {
    what: "a Secret of a pool that is not there",
    link: "pool-secrets",
    finds: /no Secret hub-token at Modal, which jobs of pool cpu get/,
    mend: /^modal secret create hub-token KEY=value$/m,
    spoil: ({ bench }) => bench.client.secrets.delete("hub-token"),
  },
  {
    what: "the controller's own Secret in the hands of jobs",
    link: "pool-secrets",
    finds: /Pool cpu gives jobs the controller's own Secret modal-gha-test/,
    mend: /Take modal-gha-test out/,
    spoil: ({ policyFile }) => writeFile(policyFile, policyText.replace("hub-token", "modal-gha-test")),
  },
  {
    what: "a controller that is not deployed",
    link: "controller",
    finds: /not deployed: there is no App modal-gha-test\.controller at Modal\. Webhooks go to http.*cannot be reached/,
    mend: /^modal-gha deploy$/m,
    spoil: ({ controller }) => controller.close(),
  },
  {
    what: "a controller's App that is somebody else's",
    link: "controller",
    finds: /does not carry this fleet's tags/,
    mend: /modal app stop modal-gha-test\.controller/,
    spoil: (fleet) => makeApp(fleet, controllerAppName("test"), {}),
  },
  {
    what: "a controller's Secret without the key",
    link: "fleet-secret",
    finds: /Secret modal-gha-test lacks MODAL_GHA_PRIVATE_KEY, MODAL_GHA_WEBHOOK_SECRET\./,
    mend: /^modal-gha init$/m,
    async spoil(fleet) {
      const { MODAL_GHA_PRIVATE_KEY: _key, MODAL_GHA_WEBHOOK_SECRET: _secret, ...rest } = secretValues(fleet);
      await makeSecret(fleet, "modal-gha-test", { ...rest, [secretMark]: "test" });
      await deployNothing(fleet);
    },
  },
  {
    what: "a deployed controller that does not come up",
    link: "controller-health",
    finds: /^Of http.*: it answered 404 to GET \/healthz/,
    mend: /modal app logs modal-gha-test\.controller/,
    async spoil(fleet) {
      await makeSecret(fleet, "modal-gha-test", { ...secretValues(fleet), [secretMark]: "test" });
      fleet.github.setWebhookUrl(`${await deployNothing(fleet)}/webhook`);
    },
  },
  {
    what: "a controller without its credentials",
    link: "controller-health",
    finds: /has no credentials yet, and answers 503/,
    mend: /^modal-gha init$/m,
    spoil: ({ controller }) => Object.assign(controller.identity, { configured: false }),
  },
  {
    what: "a controller whose own credentials do not work",
    link: "controller-health",
    finds: /its own credentials do not get it through to GitHub and Modal/,
    mend: /modal app logs modal-gha-test\.controller/,
    spoil: ({ controller }) => Object.assign(controller.identity, { connected: false }),
  },
  {
    what: "a controller of another fleet",
    link: "controller-health",
    finds: /is the controller of the fleet other, not of test/,
    mend: /MODAL_GHA_WEBHOOK_URL/,
    spoil: ({ controller }) => Object.assign(controller.identity, { fleet: "other" }),
  },
  {
    what: "a policy that is not deployed",
    link: "controller-policy",
    finds: /It runs another policy \(\w+\) than/,
    mend: /modal-gha config diff .*\nmodal-gha deploy/,
    spoil: ({ policyFile }) => writeFile(policyFile, policyText.replace("labels:", "cpu: 4, labels:")),
  },
  {
    what: "a GitHub that cannot be reached",
    link: "github-api",
    finds: /Could not reach 127\.0\.0\.1:2/,
    mend: /GITHUB_API_URL/,
    env: ({ controller }) => ({ GITHUB_API_URL: nowhere, MODAL_GHA_WEBHOOK_URL: `${controller.url}/webhook` }),
  },
  {
    what: "a clock that is an hour off",
    link: "clock",
    finds: /^This machine's is (59m \d+s|1h) behind GitHub's/,
    mend: /timedatectl/,
    github: () => ({ clock: () => new Date(Date.now() + 3_600_000) }),
  },
  {
    what: "no credentials for GitHub",
    link: "github",
    finds: /There are no credentials for GitHub/,
    mend: /^modal-gha init$/m,
    code: 4,
    env: ({ controller }) => ({
      ...{ MODAL_GHA_APP_ID: "", MODAL_GHA_PRIVATE_KEY: "" },
      MODAL_GHA_WEBHOOK_URL: `${controller.url}/webhook`,
    }),
  },
  {
    what: "a key that is not the App's",
    link: "github",
    finds: /GitHub does not accept the private key of App \d+/,
    mend: /Private keys/,
    code: 4,
    env: ({ controller }) => ({ ...wrongKey(), MODAL_GHA_WEBHOOK_URL: `${controller.url}/webhook` }),
  },
  {
    what: "a rate limit that is used up",
    link: "rate-limit",
    finds: /^0 of 60 calls are left/,
    mend: /Wait until \d{4}-/,
    github: () => ({ rateLimits: { primaryPerHour: 60 } }),
    async spoil({ github }) {
      const { token } = (await appOctokitOf(github).auth({ type: "installation" })) as { token: string };
      const headers = { authorization: `bearer ${token}` };
      for (let call = 0; call < 60; call++) await fetch(`${github.url}/meta`, { headers });
    },
  },
  {
    what: "an App that lacks a permission and an event",
    link: "permissions",
    finds: /does not ask for the permission organization_self_hosted_runners: write, the event workflow_job/,
    mend: /organizations\/acme\/settings\/apps\/acme-runners\/permissions/,
    code: 4,
    spoil: ({ github }) => github.changeApp({ permissions: { actions: "read" }, events: [] }),
  },
  {
    what: "permissions that nobody has accepted yet",
    link: "installation",
    finds: /acme has not accepted the permission organization_self_hosted_runners: write/,
    mend: /Accept it: .*settings\/installations\/\d+/,
    code: 4,
    github: () => ({ app: { permissions: { actions: "read" } } }),
    spoil: ({ github }) =>
      github.changeApp({ permissions: { actions: "read", organization_self_hosted_runners: "write" } }),
  },
  {
    what: "an App that is installed nowhere",
    link: "installation",
    finds: /The App acme runners is not installed on acme\./,
    mend: /Install it: .*\/apps\/acme-runners\/installations\/new/,
    spoil: ({ github }) => asApp(github, "DELETE", ""),
  },
  {
    what: "an installation that is suspended",
    link: "installation",
    finds: /The App acme runners is suspended on acme/,
    mend: /Unsuspend it: /,
    spoil: ({ github }) => asApp(github, "PUT", "/suspended"),
  },
  {
    what: "a policy that lets in no repository that there is",
    link: "repositories",
    finds: /the policy lets in none \(acme\/other\)/,
    mend: /Give the App more of them: .*settings\/installations/,
    async spoil({ policyFile, controller }) {
      await writeFile(policyFile, `${policyText}access: { repositories: [acme/other] }\n`);
      await sameHash(policyFile, controller);
    },
  },
  {
    what: "a runner group that is not there",
    link: "runner-group",
    finds: /acme has no runner group gpu; there are: Default \(1\)/,
    mend: /github\.runner-group in the policy/,
    async spoil({ policyFile, controller }) {
      await writeFile(policyFile, policyText.replace("owner: acme", "owner: acme, runner-group: gpu"));
      await sameHash(policyFile, controller);
    },
  },
  {
    what: "a runner group that is closed to public repositories",
    link: "runner-group",
    finds: /Default is closed to public repositories, such as acme\/widgets/,
    mend: /organizations\/acme\/settings\/actions\/runner-groups\/1/,
    async github() {
      const directory = await directoryOf({ ".github/workflows/ci.yml": buildWorkflow });
      return { repositories: [{ name: repo.repo, directory, private: false }] };
    },
  },
  {
    what: "a runner group that is not open to the repositories",
    link: "runner-group",
    finds: /Default is not open to acme\/widgets: their jobs stay queued/,
    mend: /organizations\/acme\/settings\/actions\/runner-groups\/1/,
    async spoil({ octokit }) {
      const group = { org, runner_group_id: 1, name: "Default", visibility: "selected" } as const;
      await octokit.request("PATCH /orgs/{org}/actions/runner-groups/{runner_group_id}", group);
    },
  },
  {
    what: "a webhook that goes elsewhere",
    link: "webhook",
    finds: /goes to http:\/\/127\.0\.0\.1:2\/webhook, the controller is at http/,
    mend: /modal-gha init --take-webhook$/m,
    spoil: ({ github }) => github.setWebhookUrl(`${nowhere}/webhook`),
    env: ({ controller }) => ({ MODAL_GHA_WEBHOOK_URL: `${controller.url}/webhook` }),
  },
  {
    what: "a controller with another webhook secret",
    link: "webhook-secret",
    finds: /another webhook secret than GitHub: it refused the signature/,
    mend: /modal-gha init --rotate$/m,
    spoil: ({ controller }) => controller.secrets.splice(0, 1, "other"),
  },
];

async function asApp(github: Fleet["github"], method: string, path: string): Promise<void> {
  await appOctokitOf(github).request(`${method} /app/installations/${github.app.installationId}${path}`);
}

/** As if the policy had been deployed. */
export async function sameHash(policyFile: string, { identity }: Fleet["controller"]): Promise<void> {
  identity["policy"] = (await loadPolicy(policyFile)).hash;
}
