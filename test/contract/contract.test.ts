import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { commandChanges, commandLine, type Manifest } from "../../scripts/contract/commands.ts";
import { results } from "../../scripts/contract/results.ts";
import { schemaFile, schemaFiles } from "../../scripts/contract/schemas.ts";
import { projectRoot } from "../../scripts/layering.ts";

const json = (...path: string[]) => JSON.parse(readFileSync(join(projectRoot, ...path), "utf8"));
const manifest = json("oclif.manifest.json") as Manifest;

describe("the command line", () => {
  it("is the one that is recorded", () => {
    expect(commandChanges(json("test", "contract", "commands.json"), commandLine(manifest))).toEqual([]);
  });

  it("cannot change without being told of", () => {
    const before = commandLine(manifest);
    const after = structuredClone(before);
    delete after["config:path"];
    delete after["runners:ls"]?.flags["watch"];
    const { state } = after["runners:ls"]?.flags ?? {};
    state?.options?.pop();
    const [job] = after["logs"]?.args ?? [];
    if (job) job.required = false;
    after["runners:list"] = { ...before["runners:ls"]!, aliases: ["rl"] };
    expect(commandChanges(before, after)).toEqual([
      "config path is gone",
      expect.stringMatching(/^logs: args changed from .*"required":true.* to .*"required":false/),
      "runners list is new",
      expect.stringMatching(/^runners ls: --state changed from .*"no-sandbox"\].* to .*"unregistered"\]/),
      "runners ls: --watch is gone",
    ]);
  });
});

describe("the shapes of results", () => {
  it("are recorded for every command that has --json, and for no other", () => {
    const withJson = Object.keys(manifest.commands).filter((id) => manifest.commands[id]?.enableJsonFlag);
    expect(Object.keys(results).sort()).toEqual(withJson.sort());
    expect(readdirSync(join(projectRoot, "schemas")).sort()).toEqual(
      [...withJson.map(schemaFile), "error.json"].sort(),
    );
  });

  it.each(Object.entries(schemaFiles()))("%s is up to date, is JSON Schema, and names every field", (name, schema) => {
    expect(json("schemas", name)).toEqual(JSON.parse(JSON.stringify(schema)));
    expect(() => new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema)).not.toThrow();
    for (const object of objectsIn(schema)) expect(object).toHaveProperty("additionalProperties");
  });

  it("are shipped", () => {
    expect(json("package.json").files).toContain("schemas");
  });
});

/** Every part of a schema that is about objects. */
function objectsIn(schema: unknown): object[] {
  if (schema === null || typeof schema !== "object") return [];
  const isObject = (schema as { type?: unknown }).type === "object";
  return [...(isObject ? [schema] : []), ...Object.values(schema).flatMap(objectsIn)];
}
