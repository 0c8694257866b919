// What every command says of itself.
import { describe, expect, it } from "vitest";
import manifestJson from "../../oclif.manifest.json" with { type: "json" };
import packageJson from "../../package.json" with { type: "json" };
import type { Manifest } from "../../scripts/contract/commands.ts";

const manifest = manifestJson as unknown as Manifest;
const commands = Object.entries(manifest.commands).map(([id, command]) => [id.replaceAll(":", " "), command] as const);

describe.each(commands)("help of %s", (name, command) => {
  it("has a summary on one line, and a description that says more", () => {
    const { summary = "", description = "" } = command;
    expect(summary).toMatch(/^[A-Z].*\.$/);
    expect(summary.length).toBeLessThanOrEqual(80);
    expect(description.length).toBeGreaterThan(60);
    expect(description).not.toBe(summary);
  });

  it("has an example that is a command line of its own", () => {
    const examples = (command.examples ?? []).map(String);
    const line = (example: string) =>
      example.replaceAll("<%= config.bin %>", packageJson.oclif.bin).replaceAll("<%= command.id %>", name);
    expect(examples.map(line).filter((text) => text.includes(`modal-gha ${name}`))).not.toEqual([]);
    // Flags of examples exist, whichever command they are of.
    for (const example of examples.map(line)) {
      const own = example.split(/ -- | \| | > /)[0] ?? "";
      const of = commands.filter(([id]) => own.includes(`modal-gha ${id}`)).sort(([a], [b]) => b.length - a.length)[0];
      for (const [, flag = ""] of own.matchAll(/ --([a-z][a-z-]*)/g)) {
        const flags = of?.[1].flags ?? {};
        const isThere = flag in flags || flags[flag.replace(/^no-/, "")]?.["allowNo"] === true;
        expect(isThere, `--${flag} in ${example}`).toBe(true);
      }
    }
  });

  it("says what every flag and argument is for", () => {
    const shown = Object.entries(command.flags).filter(([, { hidden }]) => hidden !== true);
    for (const [flag, { summary }] of shown) expect(summary, flag).toMatch(/^[a-zA-Z-].*\.$/s);
    for (const { name: arg, description } of Object.values(command.args)) expect(description, arg).toMatch(/\.$/);
  });
});

it("every topic that has commands says what it is about", () => {
  const topics = new Set(commands.filter(([name]) => name.includes(" ")).map(([name]) => name.split(" ")[0]));
  for (const topic of topics) expect(packageJson.oclif.topics).toHaveProperty(`${topic}.description`);
});
