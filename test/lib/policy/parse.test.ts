import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { packageFile } from "../../../src/lib/package-root.ts";
import { checkPolicy, PolicyError, parsePolicy } from "../../../src/lib/policy/parse.ts";

function faults(text: string): string[] {
  try {
    parsePolicy(text);
    return [];
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return error.message.split("\n").map((line) => line.replace("modal-gha.yaml:", ""));
  }
}

/** A policy of one pool, which is written on line 4. */
function withPool(pool: string, rest = ""): string {
  return `fleet: a\ngithub: { owner: a }\npools:\n  - { name: x, labels: [l], ${pool} }\n${rest}`;
}

describe("parsePolicy", () => {
  it("fills in what is left out", () => {
    const text = "fleet: acme\ngithub: { owner: acme }\npools: [{ name: cpu, labels: [modal] }]";
    expect(parsePolicy(text)).toEqual({
      fleet: "acme",
      github: { owner: "acme", scope: "organization", runnerGroup: 1, runnerGroupId: 1 },
      image: "modal-gha-runner",
      access: { repositories: ["acme/*"], forkPullRequests: "deny" },
      limits: { maxRunners: 100 },
      prices: {},
      pools: [
        {
          name: "cpu",
          labels: ["modal"],
          cpu: 2,
          memoryMiB: 4096,
          gpu: undefined,
          timeoutSeconds: 7200,
          idleTimeoutSeconds: 300,
          maxRunners: 20,
          minIdle: 0,
          runtime: "container",
          image: undefined,
          regions: [],
          volumes: [],
          secrets: [],
          egress: undefined,
          resources: undefined,
        },
      ],
    });
  });

  it("reads everything that can be written", () => {
    const text = `
fleet: acme
github: { owner: acme, runner-group: gpus }
image: team/runner:2026-06
access: { repositories: [acme/app], fork-pull-requests: isolated }
limits: { max-runners: 9, max-runners-per-repository: 3, daily-budget-dollars: 12.5 }
prices: { h100: 0.001, CPU: 0.00004 }
controller: { min-containers: 1, region: us-east-1, custom-domain: runners.example.org }
pools:
  - name: gpu
    labels: [gpu]
    cpu: 4
    memory: 1.5g
    gpu: a100-80gb:2
    timeout: 1h30m
    idle-timeout: 45s
    max-runners: 5
    min-idle: 2
    image: runner
    regions: [us-east]
    volumes: [{ name: cache, path: /cache, per-repository: false }]
    secrets: [hub-token]
    egress: { domains: ["*.github.com"], cidrs: [10.0.0.0/8] }
    resources: { max-cpu: 8, max-memory: 64GiB, gpus: [A100-80GB, h100], max-gpu-count: 4, max-timeout: 8h }
  - { name: docker, labels: [docker], docker: true, volumes: [{ name: c, path: /c }], resources: {} }
`;
    const policy = parsePolicy(text);
    expect(policy).toMatchObject({
      github: { runnerGroup: "gpus", runnerGroupId: 1 },
      image: "team/runner:2026-06",
      access: { repositories: ["acme/app"], forkPullRequests: "isolated" },
      limits: { maxRunners: 9, maxRunnersPerRepository: 3, dailyBudgetDollars: 12.5 },
      prices: { H100: 0.001, cpu: 0.00004 },
      controller: { minContainers: 1, region: "us-east-1", customDomain: "runners.example.org" },
    });
    const [gpu, docker] = policy.pools;
    expect(gpu).toEqual({
      name: "gpu",
      labels: ["gpu"],
      cpu: 4,
      memoryMiB: 1536,
      gpu: "A100-80GB:2",
      timeoutSeconds: 5400,
      idleTimeoutSeconds: 45,
      maxRunners: 5,
      minIdle: 2,
      runtime: "container",
      image: "runner",
      regions: ["us-east"],
      volumes: [{ name: "cache", path: "/cache", perRepository: false }],
      secrets: ["hub-token"],
      egress: { domains: ["*.github.com"], cidrs: ["10.0.0.0/8"] },
      resources: {
        maxCpu: 8,
        maxMemoryMiB: 65_536,
        gpus: ["A100-80GB", "H100"],
        maxGpuCount: 4,
        maxTimeoutSeconds: 28_800,
      },
    });
    expect(docker).toMatchObject({
      runtime: "vm",
      volumes: [{ perRepository: true }],
      resources: { maxCpu: 2, maxMemoryMiB: 4096, gpus: [], maxGpuCount: 1, maxTimeoutSeconds: 7200 },
    });
  });

  it("takes a pool's own GPU for the ceiling unless told", () => {
    expect(parsePolicy(withPool("gpu: h100:2, resources: {}")).pools[0]?.resources).toMatchObject({
      gpus: ["H100"],
      maxGpuCount: 2,
    });
  });

  it("lets a runner wait no longer than it lives", () => {
    expect(parsePolicy(withPool("timeout: 2m")).pools[0]?.idleTimeoutSeconds).toBe(120);
  });

  it("knows the default runner group by its name", () => {
    const text =
      "fleet: a\ngithub: { owner: a, scope: repository, runner-group: Default }\npools: [{ name: x, labels: [l] }]";
    expect(parsePolicy(text).github.runnerGroup).toBe(1);
  });

  it("names every fault at once, each with its place", () => {
    expect(
      faults("fleet: A b\ngithub:\n  owner: acme\npools:\n  - name: cpu\n    labels: []\n    timeout: 25h\n"),
    ).toEqual([
      "1:1 fleet: use 1 to 24 of a-z, 0-9 and -, not at the ends",
      "6:5 pools[0].labels: a pool needs at least one label, or no job can ask for it",
      "7:5 pools[0].timeout: Modal ends a Sandbox after 24h; write 24h or less",
    ]);
  });

  it.each([
    ["memory: 4", "4:29 pools[0].memory: write a size of at least 128MiB, such as 512MiB or 32GiB"],
    ["memory: 4k", "4:29 pools[0].memory: write a size of at least 128MiB, such as 512MiB or 32GiB"],
    ["timeout: 90", "4:29 pools[0].timeout: write a duration such as 45s, 90m or 2h"],
    ["timeout: 0s", "4:29 pools[0].timeout: write a duration such as 45s, 90m or 2h"],
    [
      "timeout: 10m, idle-timeout: 11m",
      "4:43 pools[0].idle-timeout: a runner of this pool lives for 10m (timeout); write that or less",
    ],
    ["cpu: 0.1", "4:29 pools[0].cpu: Modal gives at least 0.125 cores"],
    ["cpu: '2'", "4:29 pools[0].cpu: write a number"],
    ["image: im-123", "4:29 pools[0].image: write the name of a published Modal Image"],
    ["gpu: H10", '4:29 pools[0].gpu: Modal has no GPU "H10"; did you mean H100?; there are T4,'],
    ["gpu: H100:9", "4:29 pools[0].gpu: a Sandbox has 1 to 8 of the H100; write H100:8 or less"],
    ["gpu: A10:5", "4:29 pools[0].gpu: a Sandbox has 1 to 4 of the A10; write A10:4 or less"],
    ["gpu: T4, docker: true", "4:29 pools[0].gpu: Modal has no GPU for VM Sandboxes; take out gpu or docker: true"],
    ["runtime: vm, gpu: T4", "4:42 pools[0].gpu: Modal has no GPU for VM Sandboxes; take out gpu or runtime: vm"],
    ["docker: true, resources: { gpus: [T4] }", "4:56 pools[0].resources.gpus: Modal has no GPU for VM Sandboxes"],
    ["docker: true, runtime: container", "4:29 pools[0].docker: Docker needs runtime: vm; leave one of the two out"],
    ["docker: false, runtime: vm", "4:29 pools[0].docker: runtime: vm has Docker; leave one of the two out"],
    ["min-idle: 21", "4:29 pools[0].min-idle: the pool has 20 runners at most (max-runners); write that or less"],
    [
      "min-idle: 1, volumes: [{ name: c, path: /c }]",
      "4:29 pools[0].min-idle: a runner that waits is of no repository",
    ],
    ["volumes: [{ name: c, path: c }]", "4:50 pools[0].volumes[0].path: write an absolute path below /"],
    ["volumes: [{ name: c, path: / }]", "4:50 pools[0].volumes[0].path: write an absolute path below /"],
    ["volumes: [{ name: c, path: /a/../.. }]", "4:50 pools[0].volumes[0].path: write the path without . and .."],
    [
      "volumes: [{ name: c, path: /c }, { name: d, path: /c }]",
      "4:73 pools[0].volumes[1].path: there is a Volume at /c already",
    ],
    ["secrets: [a b]", "4:39 pools[0].secrets[0]: Modal's names have 1 to 64 of"],
    ["secrets: [a, b, a]", "4:45 pools[0].secrets[2]: a is in the list already"],
    ["egress: {}", "4:29 pools[0].egress: allow something, or the runner cannot reach GitHub"],
    ["egress: { domains: ['https://x.org/a'] }", "4:49 pools[0].egress.domains[0]: write the domain alone: x.org"],
    ["egress: { domains: [x.org:443] }", "4:49 pools[0].egress.domains[0]: write the domain alone: x.org"],
    ["egress: { domains: ['*'] }", "4:49 pools[0].egress.domains[0]: this allows everything; leave out egress instead"],
    ["egress: { domains: ['a.*.org'] }", "4:49 pools[0].egress.domains[0]: write a domain such as example.org"],
    ["egress: { domains: [10.0.0.1] }", "4:49 pools[0].egress.domains[0]: this is an address; write 10.0.0.1/32"],
    [
      "egress: { cidrs: [10.0.0.1] }",
      "4:47 pools[0].egress.cidrs[0]: write the range of this one address: 10.0.0.1/32",
    ],
    [
      "egress: { cidrs: [10.1.2.3/8] }",
      "4:47 pools[0].egress.cidrs[0]: the address is not the range's first; write 10.0.0.0/8",
    ],
    ["egress: { cidrs: [10.0.0.0/33] }", "4:47 pools[0].egress.cidrs[0]: write an address range such as 10.0.0.0/8"],
    [
      "cpu: 4, resources: { max-cpu: 2 }",
      "4:50 pools[0].resources.max-cpu: the pool itself has 4 cores; write that or more",
    ],
    [
      "resources: { max-memory: 1g }",
      "4:42 pools[0].resources.max-memory: the pool itself has 4GiB; write that or more",
    ],
    [
      "resources: { max-timeout: 1h }",
      "4:42 pools[0].resources.max-timeout: the pool itself has timeout 2h; write that or more",
    ],
    ["resources: { max-timeout: 25h }", "4:42 pools[0].resources.max-timeout: Modal ends a Sandbox after 24h"],
    ["gpu: T4:2, resources: { max-gpu-count: 1 }", "4:53 pools[0].resources.max-gpu-count: the pool itself has 2 GPUs"],
    ["gpu: T4, resources: { gpus: [L4] }", "4:51 pools[0].resources.gpus: the pool itself has T4; add it to the list"],
    ["resources: { gpus: [A10G] }", '4:49 pools[0].resources.gpus[0]: Modal has no GPU "A10G"; did you mean A10?'],
    ["max-runer: 3", "4:29 pools[0].max-runer: there is no such key; did you mean max-runners?"],
    ["volumes: [{ name: c, path: /c, shared: true }]", "4:60 pools[0].volumes[0].shared: there is no such key"],
  ])("refuses { %s }", (pool, expected) => {
    const found = faults(withPool(pool));
    expect([found.length, found[0]]).toEqual([1, expect.stringContaining(expected)]);
  });

  it.each([
    ["labels: [self-hosted, Linux]", "pools[0].labels: every runner has self-hosted, linux, x64; add a label"],
    ["labels: [a, A]", "pools[0].labels[1]: A is in the list already"],
    ["labels: [a b]", "pools[0].labels[0]: a label has 1 to 256 characters, no spaces and no commas"],
    [
      `labels: [${Array.from({ length: 97 }, (_, i) => `l${i}`)}]`,
      "pools[0].labels: GitHub takes 100 labels for a runner",
    ],
  ])("refuses { %s }", (labels, expected) => {
    expect(faults(`fleet: a\ngithub: { owner: a }\npools: [{ name: x, ${labels} }]`)[0]).toContain(expected);
  });

  it.each([
    ["limit: 3", "5:1 limit: there is no such key; did you mean limits?"],
    ["limits: { max-runners: -1 }", "5:11 limits.max-runners: write 0 or more"],
    ["limits: { max-runners-per-repository: 0 }", "5:11 limits.max-runners-per-repository: write 1 or more"],
    ["limits: { daily-budget-dollars: 0 }", "5:11 limits.daily-budget-dollars: write dollars, more than 0"],
    ["access: { fork-pull-requests: allow }", "5:11 access.fork-pull-requests: write deny or isolated"],
    ["access: { repositories: [app] }", "5:26 access.repositories[0]: write owner/name; * is allowed"],
    ["prices: { H10: 1 }", "5:11 prices.H10: nothing of that name has a price; did you mean H100?"],
    ["prices: { H100: x }", "5:11 prices.H100: write a number"],
    ["controller: { min-containers: 6 }", "5:15 controller.min-containers: write 5 or less"],
    ["controller: { region: US East }", "5:15 controller.region: write one of Modal's regions, such as us, eu"],
    ["controller: { custom-domain: https://a.example }", "5:15 controller.custom-domain: write the domain alone"],
    ["controller: { domain: a.example }", "5:15 controller.domain: there is no such key"],
    ["image: 12", '5:1 image: write text, in quotes: "12"'],
  ])("refuses %s", (rest, expected) => {
    const found = faults(withPool("cpu: 1", rest));
    expect([found.length, found[0]]).toEqual([1, expect.stringContaining(expected)]);
  });

  it.each([
    [
      "two pools of one name",
      "pools: [{ name: x, labels: [a] }, { name: x, labels: [b] }]",
      "pools[1].name: pool 1 has the name x already",
    ],
    [
      "a runner group of a repository",
      "github: { owner: a, scope: repository, runner-group: 2 }\npools: [{ name: x, labels: [a] }]",
      "github.runner-group: only an organisation has runner groups",
    ],
    [
      "runners that wait where only repositories have runners",
      "github: { owner: a, scope: repository }\npools: [{ name: x, labels: [a], min-idle: 1 }]",
      "pools[0].min-idle: a runner that waits is of no repository yet; take it out, or write scope: organization",
    ],
    [
      "more waiting runners than the fleet may have",
      "limits: { max-runners: 3 }\npools: [{ name: x, labels: [a], min-idle: 2 }, { name: y, labels: [b], min-idle: 2 }]",
      "limits.max-runners: the pools keep 4 runners waiting (min-idle); write that or more",
    ],
    [
      "a budget with a GPU whose price nobody knows",
      "limits: { daily-budget-dollars: 5 }\npools: [{ name: x, labels: [a], gpu: B300 }]",
      "limits.daily-budget-dollars: nobody told the price of B300; write prices: { B300: <dollars per second> }",
    ],
  ])("refuses %s", (_, text, expected) => {
    const github = text.includes("github:") ? "" : "github: { owner: a }\n";
    expect(faults(`fleet: a\n${github}${text}`)).toEqual([expect.stringContaining(expected)]);
  });

  it("takes the operator's word for a price", () => {
    const text = withPool("gpu: B300", "limits: { daily-budget-dollars: 5 }\nprices: { b300: 0.002 }");
    expect(checkPolicy(text).warnings).toEqual([]);
  });

  it.each([
    "fleet: [a\n",
    "a: *b\n",
    "a: &b [*b]\n",
    "- - -\n - a",
    "a: 1\na: 2\n",
    "---\na\n---\nb\n",
    "[".repeat(20_000),
  ])("names the place of a fault in the YAML itself (%#)", (text) => {
    expect(faults(text)[0]).toMatch(/^\d+:\d+ \S/);
  });

  it("stops aliases of aliases from filling the memory", () => {
    const lines = ["a0: &a0 [x, x]", ...Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`)];
    expect(faults(lines.join("\n"))[0]).toContain("alias count");
  });

  it("finds the place of what an alias stands for", () => {
    const text = "fleet: a\ngithub: { owner: a }\npools:\n  - &x { name: x, labels: [l] }\n  - *x\n";
    expect(faults(text)).toEqual(["4:10 pools[1].name: pool 1 has the name x already"]);
  });

  it("says of an empty file what is missing", () => {
    expect(faults("")).toEqual([
      "1:1 fleet: this is missing",
      "1:1 github: this is missing",
      "1:1 pools: this is missing",
    ]);
  });

  it("accepts the policy that dev and demo use", () => {
    const text = readFileSync(packageFile("templates", "rehearsal-policy.yaml"), "utf8");
    expect(parsePolicy(text).pools.map((pool) => pool.name)).toEqual(["cpu", "gpu-t4"]);
  });
});

describe("checkPolicy", () => {
  const warnings = (text: string) =>
    checkPolicy(text).warnings.map((w) => `${w.line}:${w.column} ${w.path}: ${w.message}`);
  const head = "fleet: a\ngithub: { owner: a }\n";
  const pools = (...entries: string[]) => `${head}pools:\n${entries.map((entry) => `  - { ${entry} }\n`).join("")}`;
  const github =
    "github.com, api.github.com, '*.actions.githubusercontent.com', codeload.github.com, '*.blob.core.windows.net'";

  it.each([
    [
      "labels that another pool has, too",
      pools("name: x, labels: [a]", "name: y, labels: [A, b]"),
      ["4:16 pools[0].labels: pool y has all of these labels, too, so GitHub may give its runners jobs of this one"],
    ],
    [
      "two pools with the same labels, once",
      pools("name: x, labels: [a, linux]", "name: y, labels: [a]"),
      ["5:16 pools[1].labels: pool x has all of these labels"],
    ],
    [
      "GitHub's own labels",
      pools("name: x, labels: [ubuntu-latest]"),
      ["4:25 pools[0].labels[0]: ubuntu-latest is GitHub's own"],
    ],
    [
      "labels of other machines",
      pools("name: x, labels: [arm64, macos-15]"),
      [
        "4:25 pools[0].labels[0]: jobs that ask for arm64 would run on Linux",
        "4:32 pools[0].labels[1]: jobs that ask for macos-15",
      ],
    ],
    [
      "an allow-list without GitHub",
      pools("name: x, labels: [l], egress: { domains: [example.org, '*.github.com'] }"),
      [
        "4:29 pools[0].egress: on github.com a runner also needs *.actions.githubusercontent.com (to run at all), *.blob.core",
      ],
    ],
    [
      "a GPU without a price",
      pools("name: x, labels: [l], gpu: B300:2"),
      ["4:29 pools[0].gpu: nobody told the price of B300"],
    ],
    [
      "prices per hour",
      `${pools("name: x, labels: [l]")}prices: { h100: 3.95 }`,
      ["5:11 prices.H100: prices are dollars per second, and 3.95 is $14220 an hour"],
    ],
    [
      "repositories of somebody else",
      `${pools("name: x, labels: [l]")}access: { repositories: [a/x, A/*, b/*, '*/x'] }`,
      ["5:36 access.repositories[2]: runners of a take no jobs of b"],
    ],
    [
      "a fleet that nobody may use",
      `${pools("name: x, labels: [l]")}access: { repositories: [] }`,
      ["5:11 access.repositories: no repository may use the fleet"],
    ],
    [
      "a budget that does not know what regions cost",
      `${pools("name: x, labels: [l], regions: [eu]")}limits: { daily-budget-dollars: 1 }`,
      ["4:29 pools[0].regions: a chosen region costs 1.5 to 1.75 times as much"],
    ],
    ["what YAML itself warns of", pools("name: !odd x, labels: [l]"), ["4:13 : Unresolved tag: !odd"]],
  ])("warns of %s", (_, text, expected) => {
    expect(warnings(text)).toEqual(expected.map((part) => expect.stringContaining(part)));
  });

  it.each([
    ["all of GitHub's domains", `domains: [${github}]`],
    ["everything", "cidrs: [0.0.0.0/0]"],
    ["them by wildcards", "domains: ['*.github.com', '*.githubusercontent.com', '*.windows.net']"],
  ])("finds nothing to warn of in an allow-list with %s", (_, egress) => {
    expect(warnings(pools(`name: x, labels: [l], egress: { ${egress} }`))).toEqual([]);
  });
});
