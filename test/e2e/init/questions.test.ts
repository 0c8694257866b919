// `init` on a terminal: it asks for what it cannot find out, and for nothing else.
import { chmodSync, copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { converseInTerminal } from "../terminal.ts";
import { bin, runJob, siteWith } from "./site.ts";

const enter = "\r";
const down = "\u001B[B";
const clearLine = "\u0015";
const controlC = "\u0003";

describe.runIf(bin !== undefined)("init on a terminal", { timeout: 600_000 }, () => {
  it("asks its way to a fleet that works, and the next time asks nothing", async () => {
    const site = await siteWith();
    const where = { env: { ...site.env, CI: "" }, cwd: site.folder };
    copyFileSync(site.privateKeyFile, join(site.home, "own.pem"));
    chmodSync(join(site.home, "own.pem"), 0o600);
    const first = await converseInTerminal(
      ["init"],
      [
        [/Which GitHub organisation or user is the fleet for\?/, `acme${enter}`],
        [/Where are runners to be registered\?/, enter],
        [/Whose jobs are run\?/, enter],
        [/Which runners are there to be\?/, `${down}${down} ${enter}`],
        [/The fleet needs a GitHub App\./, `${down}${enter}`],
        [/Its App id:/, `${site.github.app.id}${enter}`],
        [/The file with its private key/, `~/none.pem${enter}`],
        [/none\.pem cannot be read\. There is no such/, `${clearLine}~/own.pem${enter}`],
      ],
      where,
    );
    expect(first, first.screen).toMatchObject({ code: 0 });
    expect(first.screen).toContain("The fleet acme of acme is set up.");
    expect(readFileSync(site.policyFile, "utf8")).toMatch(
      /scope: organization[\s\S]*repositories: \["acme\/\*"\][\s\S]*name: cpu[\s\S]*name: gpu-t4/,
    );
    const stored = await site.start(["config", "get", "githubPrivateKeyFile"]).ended;
    expect(stored.stdout).toBe(`${join(site.home, "own.pem")}\n`);
    expect(await runJob(site)).toEqual(["success"]);
    const second = await converseInTerminal(["init"], [], where);
    expect(second, second.screen).toMatchObject({ code: 0 });
    expect(second.screen).toContain("nothing to do");
    for (const line of second.screen.split("\n")) expect(line.length).toBeLessThan(200);
  });

  it("makes the App in the browser where that is chosen", async () => {
    const site = await siteWith();
    const where = { env: { ...site.env, DISPLAY: "", WAYLAND_DISPLAY: "" }, cwd: site.folder };
    const { code, screen } = await converseInTerminal(
      ["init", "--owner", "acme", "--scope", "organization", "--pool", "cpu", "--repository", "acme/app"],
      [
        [/The fleet needs a GitHub App\./, enter],
        [/Open http:\/\/127\.0\.0\.1:\d+\/ in a browser on this machine/, controlC],
      ],
      where,
    );
    expect(code, screen).toBe(130);
  });

  it("ends at Ctrl-C at a question, and has made nothing", async () => {
    const site = await siteWith();
    const where = { env: site.env, cwd: site.folder };
    const { code, screen } = await converseInTerminal(["init"], [[/is the fleet for\?/, controlC]], where);
    expect(code, screen).toBe(130);
    expect(() => readFileSync(site.policyFile)).toThrow();
  });
});
