// The links on this machine: Node, proxies, settings, the policy file.
import { writeFault } from "../../policy/parse.ts";
import { describeSource } from "../../settings/settings.ts";
import { amount, type Check, fail, ok, warn } from "../check.ts";

/** As bin/run.js asks for. */
const least = { major: 22, minor: 15 };

export const node: Check = {
  id: "node",
  title: "Node.js",
  needs: [],
  run() {
    const { node: version } = process.versions;
    const [major = 0, minor = 0] = version.split(".").map(Number);
    if (major < least.major || (major === least.major && minor < least.minor)) {
      const wanted = `${least.major}.${least.minor}`;
      return fail(`${version}; modal-gha needs ${wanted} or newer.`, "npx -p node@24 -p modal-gha modal-gha doctor");
    }
    return ok(version);
  },
};

/** What grpc-js reads, in its order: github.com/grpc/grpc-node/blob/master/packages/grpc-js/src/http_proxy.ts. */
const proxyVariables = ["grpc_proxy", "https_proxy", "http_proxy"];

export const proxy: Check = {
  id: "proxy",
  title: "Proxies",
  needs: [],
  run({ env }) {
    const variable = proxyVariables.find((name) => env[name]);
    if (variable === undefined) return ok("None is set for gRPC, which Modal is reached by.");
    const host = hostOf(env["MODAL_SERVER_URL"] || "https://api.modal.com:443");
    const exceptions = (env["no_grpc_proxy"] || env["no_proxy"] || "").split(",").map((entry) => entry.trim());
    const isLoopback = host === "127.0.0.1" || host === "localhost";
    if (isLoopback || exceptions.some((entry) => entry !== "" && host.endsWith(entry))) {
      return ok(`${variable} is set, and ${host} is reached without it.`);
    }
    const through = hostOf(env[variable] ?? "");
    if (through === "") return fail(`${variable} is not an address.`, `unset ${variable}`);
    const scheme = new URL(env[variable] ?? "").protocol;
    const exempt = `export no_proxy=${[...exceptions, host].filter(Boolean).join(",")}`;
    if (scheme !== "http:") {
      return warn(
        `${variable} names a proxy of the kind ${scheme}//, which gRPC cannot use; it connects directly.`,
        exempt,
      );
    }
    const detail = `Modal is called through the proxy ${through} (${variable}); many break gRPC, or end it after a minute.`;
    const fetches =
      env["NODE_USE_ENV_PROXY"] === "1" ? [] : ["If GitHub, too, takes the proxy: export NODE_USE_ENV_PROXY=1"];
    return warn(detail, `If Modal can be reached without it: ${exempt}`, ...fetches);
  },
};

function hostOf(address: string): string {
  return URL.canParse(address) ? new URL(address).hostname : "";
}

function isAddress(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

export const settings: Check = {
  id: "settings",
  title: "Settings",
  needs: [],
  async run({ local, env }) {
    const { settings, file, isStored } = await local.settings();
    const { githubApiUrl, githubWebUrl, webhookUrl, fleet } = settings;
    const bad = [githubApiUrl, githubWebUrl, webhookUrl].find((each) => each && !isAddress(each.value));
    if (bad) {
      const name = describeSource(bad.source);
      const isVariable = bad.source.kind === "environment";
      return fail(
        `${name} says ${bad.value}, which is no address.`,
        isVariable ? `unset ${name}` : "modal-gha config get",
      );
    }
    const server = env["MODAL_SERVER_URL"];
    if (server && !isAddress(server)) {
      return fail(`MODAL_SERVER_URL says ${server}, which is no address.`, "unset MODAL_SERVER_URL");
    }
    const whose = fleet === undefined ? "" : ` for the fleet ${fleet.value} (${describeSource(fleet.source)})`;
    const stored = isStored ? `Stored in ${file}${whose}` : "None are stored";
    return ok(`${stored}; GitHub is ${githubApiUrl.value} (${describeSource(githubApiUrl.source)}).`);
  },
};

export const policy: Check = {
  id: "policy",
  title: "Policy",
  needs: ["settings"],
  async run({ local }) {
    const { policyFile } = (await local.settings()).settings;
    const file = policyFile.value;
    const validate = `modal-gha config validate ${file}`;
    try {
      const { policy, hash, warnings, doubts } = await local.policy();
      const [doubt] = doubts;
      if (doubt !== undefined) return warn(doubt.replace(/^Warning: t/, "T"), "modal-gha config get", validate);
      const where = `${file} (${describeSource(policyFile.source)})`;
      const pools = amount(policy.pools.length, "pool");
      const [first] = warnings;
      if (first === undefined) return ok(`${where}: fleet ${policy.fleet}, ${pools}, hash ${hash}.`);
      return warn(`${amount(warnings.length, "warning")}; the first: ${writeFault(file, first)}`, validate);
    } catch (error) {
      const faults = (error as { faults?: Parameters<typeof writeFault>[1][] }).faults ?? [];
      const [first] = faults;
      if (first === undefined) throw error;
      return fail(`${amount(faults.length, "fault")}; the first: ${writeFault(file, first)}`, validate);
    }
  },
};
