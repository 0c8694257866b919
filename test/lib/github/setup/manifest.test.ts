import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  appManifest,
  byHandUrl,
  missingEvents,
  missingPermissions,
  type Scope,
} from "../../../../src/lib/github/setup/manifest.ts";
import { newAppUrl, webUrlOf } from "../../../../src/lib/github/setup/web-url.ts";
import { fleetOf, mintRequest, policyOf, worldWith } from "../support.ts";
import { manifest, wish } from "./support.ts";

const scopes: Scope[] = ["organization", "repository"];

describe("the manifest", () => {
  it("asks for the least that the scope takes", () => {
    expect(manifest).toMatchObject({
      public: false,
      hook_attributes: { url: wish.hookUrl, active: true },
      default_events: ["workflow_job"],
      default_permissions: { actions: "read", metadata: "read", organization_self_hosted_runners: "write" },
    });
    expect(manifest).not.toHaveProperty("setup_url");
    expect(appManifest({ ...wish, scope: "repository" }).default_permissions).toEqual({
      actions: "read",
      metadata: "read",
      administration: "write",
    });
  });

  it("has a name that GitHub takes, and another for each fleet, owner and controller", () => {
    const word = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,38}$/);
    const names = fc.record({ fleet: word, owner: word, hookUrl: fc.webUrl() });
    fc.assert(
      fc.property(names, names, (a, b) => {
        const [one, other] = [a, b].map((each) => appManifest({ ...wish, ...each }).name);
        expect(one).toMatch(/^modal-gha-[A-Za-z0-9-]+-[0-9a-f]{6}$/);
        expect(one!.length).toBeLessThanOrEqual(34);
        if (JSON.stringify(a) !== JSON.stringify(b)) expect(one).not.toBe(other);
      }),
    );
  });

  it.each(scopes)(
    "gives an App all that the fleet does with it, and nothing it could do without (%s)",
    async (scope) => {
      const { default_permissions: permissions } = appManifest({ ...wish, scope });
      const policy = policyOf(`{ owner: acme, scope: ${scope} }`);
      const work = async (granted: Record<string, string>) => {
        const fleet = await fleetOf(await worldWith({ app: { permissions: granted } }), { policy });
        const { registrationId } = await fleet.mintRunner(mintRequest("one"));
        await fleet.registrations();
        await fleet.unfinishedJobs(await fleet.repositories());
        await fleet.job("acme/widgets", 1);
        return fleet.deregister(registrationId, "acme/widgets");
      };
      expect(await work(permissions)).toBe("removed");
      const runners = scope === "organization" ? "organization_self_hosted_runners" : "administration";
      await expect(work({ ...permissions, [runners]: "read" })).rejects.toThrow(`"${runners}: write"`);
      const { actions: _, ...rest } = permissions;
      await expect(work(rest)).rejects.toThrow('"actions: read"');
    },
  );

  it("can be made by hand, from a page that is filled in", () => {
    const url = new URL(byHandUrl("https://github.com", "acme", "Organization", manifest));
    expect(url.origin + url.pathname).toBe("https://github.com/organizations/acme/settings/apps/new");
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      name: manifest.name,
      webhook_active: "true",
      webhook_url: wish.hookUrl,
      "events[]": "workflow_job",
      organization_self_hosted_runners: "write",
      actions: "read",
      public: "false",
    });
  });
});

describe("what is missing", () => {
  it.each<[Scope, Record<string, string>, string[]]>([
    ["organization", { actions: "read", metadata: "read", organization_self_hosted_runners: "write" }, []],
    ["organization", { metadata: "read" }, ["actions: read", "organization_self_hosted_runners: write"]],
    ["repository", { actions: "read", metadata: "read", administration: "write", issues: "read" }, []],
    ["repository", { actions: "read", administration: "read" }, ["metadata: read", "administration: write"]],
    ["repository", { actions: "admin", metadata: "read", administration: "admin" }, []],
  ])("of a %s's permissions %j is %j", (scope, granted, missing) => {
    expect(missingPermissions(scope, granted)).toEqual(missing);
  });

  it("is the event of jobs, or nothing", () => {
    expect(missingEvents(["push"])).toEqual(["workflow_job"]);
    expect(missingEvents(["push", "workflow_job"])).toEqual([]);
  });
});

describe("the web address", () => {
  it.each([
    ["https://api.github.com", "https://github.com"],
    ["https://api.github.com/", "https://github.com"],
    ["https://github.example.org/api/v3", "https://github.example.org"],
    ["https://github.example.org:8443/api/v3/", "https://github.example.org:8443"],
    ["https://api.acme.ghe.com", "https://acme.ghe.com"],
    ["http://127.0.0.1:4000", "http://127.0.0.1:4000"],
    ["http://127.0.0.1:4000/api/v3", "http://127.0.0.1:4000"],
  ])("of %s is %s", (apiUrl, webUrl) => {
    expect(webUrlOf(apiUrl)).toBe(webUrl);
  });

  it("of the page for a new App depends on whose it is", () => {
    expect(newAppUrl("https://g.example/", "jane", "User")).toBe("https://g.example/settings/apps/new");
    expect(newAppUrl("https://g.example", "acme", "Organization")).toBe(
      "https://g.example/organizations/acme/settings/apps/new",
    );
  });
});
