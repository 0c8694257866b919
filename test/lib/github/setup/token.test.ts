import { describe, expect, it } from "vitest";
import type { PersonalRights } from "../../../../src/lib/emulator/github/tokens.ts";
import { checkToken, type TokenNeeds } from "../../../../src/lib/github/setup/token.ts";
import { octokitOf } from "../../emulator/github/harness.ts";
import { worldWith } from "../support.ts";

const organization: TokenNeeds = { scope: "organization", owner: "acme", repositories: ["acme/widgets"] };
const repository: TokenNeeds = { ...organization, scope: "repository" };
const classic = (...scopes: string[]): PersonalRights => ({ scopes });
const fine = (permissions: Record<string, "read" | "write">): PersonalRights => ({ permissions });

describe("what a token lacks", () => {
  it.each<[TokenNeeds, PersonalRights, string[]]>([
    [organization, classic("admin:org", "admin:org_hook", "repo"), []],
    [organization, classic("repo"), ["admin:org", "admin:org_hook"]],
    [organization, classic("admin:org", "repo", "workflow"), ["admin:org_hook"]],
    [repository, classic("repo"), []],
    [
      organization,
      fine({ organization_self_hosted_runners: "write", organization_hooks: "write", actions: "read" }),
      [],
    ],
    [organization, fine({ actions: "read" }), ["organization_self_hosted_runners: write", "organization_hooks: write"]],
    [repository, fine({ administration: "write", repository_hooks: "write", actions: "read" }), []],
    [repository, fine({ administration: "write" }), ["repository_hooks: write", "actions: read"]],
  ])("for %j with %j is %j", async (needs, token, missing) => {
    const { emulator } = await worldWith({ token });
    const facts = await checkToken(octokitOf(emulator), needs);
    const kind = "scopes" in token ? "classic" : "fine-grained";
    expect(facts).toEqual({ kind, login: "octocat", missing, unseen: [], expiresAt: undefined });
  });

  it("are repositories that it does not see, too", async () => {
    const { emulator } = await worldWith({ token: classic() });
    const repositories = ["acme/widgets", "acme/gone"];
    const facts = await checkToken(octokitOf(emulator), { ...repository, repositories });
    expect(facts).toMatchObject({ kind: "classic", missing: ["repo"], unseen: repositories });
  });

  it("is told without a change to anything", async () => {
    const world = await worldWith({ token: fine({}) });
    await checkToken(octokitOf(world.emulator), repository);
    expect(new Set(world.requests.map(({ method }) => method))).toEqual(new Set(["GET"]));
  });
});

describe("a token", () => {
  it("tells when it ends", async () => {
    const world = await worldWith();
    const headers = { "github-authentication-token-expiration": "2030-01-02 03:04:05 UTC" };
    world.answer = ({ url }) => (url.endsWith("/user") ? Response.json({ login: "jane" }, { headers }) : undefined);
    const { expiresAt } = await checkToken(octokitOf(world.emulator), repository);
    expect(expiresAt).toBe(Date.UTC(2030, 0, 2, 3, 4, 5));
  });

  it("that is wrong is refused", async () => {
    const { emulator } = await worldWith();
    const checked = checkToken(octokitOf(emulator, "ghp_wrong"), repository);
    await expect(checked).rejects.toMatchObject({ code: "token-refused", isAuthentication: true });
  });

  it("at its rate limit lacks nothing: that is another fault", async () => {
    const world = await worldWith({ token: fine({}) });
    world.answer = ({ url }) =>
      url.includes("/hooks")
        ? Response.json({ message: "rate limit" }, { status: 403, headers: { "retry-after": "60" } })
        : undefined;
    await expect(checkToken(octokitOf(world.emulator), repository)).rejects.toMatchObject({ status: 403 });
  });
});
