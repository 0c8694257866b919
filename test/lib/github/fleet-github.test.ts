import { describe, expect, it } from "vitest";
import { NameTaken } from "../../../src/lib/fleet/ports.ts";
import { connect, fleetOf, mintRequest, policyOf, worldWith } from "./support.ts";

const tokenOf = (world: Awaited<ReturnType<typeof worldWith>>) =>
  ({ kind: "token", token: world.emulator.token }) as const;

describe("with an App", () => {
  it("registers runners of the organisation, lists and removes them", async () => {
    const fleet = await fleetOf(await worldWith());
    const { registrationId, jitConfig } = await fleet.mintRunner(mintRequest("one"));
    expect(JSON.parse(Buffer.from(jitConfig, "base64").toString())).toHaveProperty([".runner"]);
    const listed = { id: registrationId, name: "one", online: false, busy: false, repository: null };
    expect(await fleet.registrations()).toEqual([listed]);
    await expect(fleet.mintRunner(mintRequest("one"))).rejects.toBeInstanceOf(NameTaken);
    expect(await fleet.deregister(registrationId, "acme/widgets")).toBe("removed");
    expect(await fleet.deregister(registrationId, "acme/widgets")).toBe("absent");
  });

  it("registers runners of each job's repository where the policy says so", async () => {
    const world = await worldWith();
    const fleet = await fleetOf(world, { policy: policyOf("{ owner: acme, scope: repository }") });
    await fleet.mintRunner(mintRequest("one"));
    expect(await fleet.registrations()).toMatchObject([{ name: "one", repository: "acme/widgets" }]);
    expect(world.requests.some(({ path }) => path.startsWith("/orgs/"))).toBe(false);
  });

  it("knows the repositories that the policy lets in, and their unfinished jobs", async () => {
    const world = await worldWith();
    await world.emulator.trigger({ repository: "widgets", event: "push" });
    const fleet = await fleetOf(world);
    expect(await fleet.repositories()).toEqual(["acme/widgets"]);
    const jobs = await fleet.unfinishedJobs(["acme/gone", "acme/widgets"]);
    expect(jobs).toMatchObject([{ repository: "acme/widgets", name: "build", status: "queued" }]);
    expect(await fleet.job("acme/widgets", jobs[0]!.id)).toEqual(jobs[0]);
    expect(await fleet.job("acme/widgets", 1)).toBeUndefined();
    const closed = await fleetOf(world, { policy: policyOf("{ owner: acme }", "access: { repositories: [acme/x] }") });
    expect(await closed.repositories()).toEqual([]);
  });

  it("tells whose code a run is of", async () => {
    const world = await worldWith();
    const fleet = await fleetOf(world);
    const runOf = async (options: { event: "push" | "pull_request"; fork?: string }) => {
      const [id] = await world.emulator.trigger({ repository: "widgets", ...options });
      return fleet.run("acme/widgets", id!);
    };
    expect(await runOf({ event: "push" })).toEqual({ isForkPullRequest: false });
    expect(await runOf({ event: "pull_request" })).toEqual({ isForkPullRequest: false });
    expect(await runOf({ event: "pull_request", fork: "mallory" })).toEqual({ isForkPullRequest: true });
    expect(await fleet.run("acme/widgets", 1)).toBeUndefined();
    // A fork that was deleted meanwhile.
    const run = { event: "pull_request", repository: { full_name: "acme/widgets" }, head_repository: null };
    world.answer = () => Response.json(run);
    expect(await fleet.run("acme/widgets", 2)).toEqual({ isForkPullRequest: true });
  });
});

describe("with a personal access token", () => {
  it("does the same in an organisation", async () => {
    const world = await worldWith();
    const fleet = await fleetOf(world, {
      octokit: await connect(world, { credentials: tokenOf(world) }),
      isApp: false,
    });
    expect(await fleet.repositories()).toEqual(["acme/widgets"]);
    await fleet.mintRunner(mintRequest("one"));
    expect(await fleet.registrations()).toHaveLength(1);
  });

  it("leaves out a repository where it was never let in to the runners, but not all of them, nor one that it was", async () => {
    const world = await worldWith({ ownerType: "User" });
    let shown = [{ full_name: "acme/widgets" }, { full_name: "acme/theirs" }];
    let hidden = "/repos/acme/theirs/";
    world.answer = ({ url }) => {
      const { pathname } = new URL(url);
      if (pathname === "/user/repos") return Response.json(shown);
      if (!pathname.startsWith(hidden)) return undefined;
      return Response.json({ message: "Resource not accessible by personal access token" }, { status: 403 });
    };
    const policy = policyOf("{ owner: acme, scope: repository }");
    const octokit = await connect(world, { credentials: tokenOf(world) });
    const warned: string[] = [];
    const fleet = await fleetOf(world, { octokit, isApp: false, policy, warn: (text) => warned.push(text) });
    await fleet.mintRunner(mintRequest("one"));
    expect(await fleet.registrations()).toMatchObject([{ name: "one", repository: "acme/widgets" }]);
    expect(warned).toEqual([expect.stringContaining("list the runners of acme/theirs")]);
    hidden = "/repos/acme/widgets/";
    await expect(fleet.registrations()).rejects.toThrow("list the runners of acme/widgets");
    [shown, hidden] = [[{ full_name: "acme/theirs" }], "/repos/acme/theirs/"];
    await expect(fleet.registrations()).rejects.toThrow("list the runners of acme/theirs");
  });

  it("finds the private repositories of a user's own account, and no one else's", async () => {
    const world = await worldWith({ ownerType: "User" });
    world.answer = ({ url }) =>
      new URL(url).pathname === "/user/repos"
        ? Response.json([{ full_name: "Acme/secret" }, { full_name: "acme-two/other" }])
        : undefined;
    const policy = policyOf("{ owner: acme, scope: repository }");
    const octokit = await connect(world, { credentials: tokenOf(world) });
    const fleet = await fleetOf(world, { octokit, isApp: false, policy });
    expect(await fleet.repositories()).toEqual(["Acme/secret"]);
    // In these it could register no runner, nor list them.
    const others = [
      { full_name: "acme/old", archived: true },
      { full_name: "acme/theirs", permissions: { admin: false } },
      { full_name: "acme/own", archived: false, permissions: { admin: true } },
    ];
    world.answer = ({ url }) => (new URL(url).pathname === "/user/repos" ? Response.json(others) : undefined);
    expect(await fleet.repositories()).toEqual(["acme/own"]);
  });
});

describe("at GitHub Enterprise Server", () => {
  it("works under /api/v3, and counts nothing where the server does not", async () => {
    const world = await worldWith({
      intercept: async (_, answer) => {
        const response = await answer();
        const headers = new Headers(response.headers);
        for (const name of [...headers.keys()]) if (name.startsWith("x-ratelimit-")) headers.delete(name);
        return new Response(response.body, { status: response.status, headers });
      },
    });
    const octokit = await connect(world, { apiUrl: `${world.emulator.url}/api/v3` });
    const fleet = await fleetOf(world, { octokit });
    await fleet.repositories();
    await Promise.all(Array.from({ length: 200 }, (_, i) => fleet.mintRunner(mintRequest(`r-${i}`))));
    expect(await fleet.registrations()).toHaveLength(200);
    expect(world.time.slept).toEqual([]);
  });
});

describe("a runner group", () => {
  const policy = (group: string) => policyOf(`{ owner: acme, runner-group: ${group} }`);

  it("is found by its name, once", async () => {
    const world = await worldWith({ runnerGroups: ["GPU"] });
    const octokit = await connect(world);
    const fleet = await fleetOf(world, { octokit, policy: policy("gpu") });
    const minted = await Promise.all(["a", "b", "c"].map((name) => fleet.mintRunner(mintRequest(name))));
    const { data } = await octokit.rest.actions.getSelfHostedRunnerForOrg({
      org: "acme",
      runner_id: minted[0]!.registrationId,
    });
    expect(data.runner_group_id).toBe(3);
    expect(world.requests.filter(({ path }) => path.includes("/runner-groups"))).toHaveLength(1);
  });

  it("that is unknown is told with those that there are, and looked for again", async () => {
    const world = await worldWith({ runnerGroups: ["gpu"] });
    const fleet = await fleetOf(world, { policy: policy("gpus") });
    for (let i = 0; i < 2; i++) {
      await expect(fleet.mintRunner(mintRequest("a"))).rejects.toMatchObject({
        name: "Refused",
        message: expect.stringMatching(/acme has no runner group "gpus"; there are: Default, .*gpu\./),
      });
    }
    expect(world.requests.filter(({ path }) => path.includes("/runner-groups"))).toHaveLength(2);
  });

  it.each([
    [2, "Runner group 2 is for the runners that GitHub hosts: mend runner-group in the policy"],
    [99, "There is no runner group 99: mend runner-group in the policy"],
  ])("%i that GitHub does not take is told as such", async (runnerGroupId, message) => {
    const fleet = await fleetOf(await worldWith());
    await expect(fleet.mintRunner(mintRequest("a", { runnerGroupId }))).rejects.toMatchObject({
      name: "Refused",
      message: expect.stringContaining(message),
    });
  });
});

describe("what GitHub refuses", () => {
  it("for a missing permission names it, and where to accept it", async () => {
    const world = await worldWith({ app: { permissions: { actions: "write" } } });
    const fleet = await fleetOf(world);
    await expect(fleet.mintRunner(mintRequest("a"))).rejects.toThrow(
      /did not let us register a runner for acme: it takes the permission "organization_self_hosted_runners: write".*installation page.*403/,
    );
    world.answer = () =>
      Response.json(
        { message: "Resource not accessible by integration" },
        { status: 403, headers: { "x-accepted-github-permissions": "said_by_github=write" } },
      );
    await expect(fleet.registrations()).rejects.toThrow(/"said_by_github: write"/);
  });

  it("for wrong credentials says so, without them", async () => {
    const world = await worldWith();
    const octokit = await connect(world, { credentials: { kind: "token", token: "ghp_hunter2" } });
    const error = await (await fleetOf(world, { octokit, isApp: false })).registrations().catch((e: unknown) => e);
    expect(error).toMatchObject({ name: "Refused", message: expect.stringMatching(/does not accept our credentials/) });
    expect((error as Error).message).not.toContain("hunter2");
  });

  it("for an account that is not there says what to check", async () => {
    const world = await worldWith();
    const fleet = await fleetOf(world, { policy: policyOf("{ owner: elsewhere }") });
    await expect(fleet.mintRunner(mintRequest("a"))).rejects.toThrow(/check owner and scope in the policy/);
  });

  it("for a fault of its own, or no answer at all, is to be tried again", async () => {
    const world = await worldWith();
    const fleet = await fleetOf(world);
    const isTemporary = { name: "Unavailable", isRateLimit: false };
    world.answer = () => Response.json({ message: "Server Error" }, { status: 502 });
    await expect(fleet.job("acme/widgets", 1)).rejects.toMatchObject(isTemporary);
    await world.emulator.close();
    await expect(fleet.job("acme/widgets", 1)).rejects.toMatchObject(isTemporary);
  });
});
