// Checks who imports whom against the rules in layers.ts.
import { globSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, matchesGlob, posix, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { findImports, type Import } from "./imports.ts";
import { type Rule, rules } from "./layers.ts";

/** Path from the project's root, with forward slashes -> text. */
export type Sources = ReadonlyMap<string, string>;

export interface Violation {
  file: string;
  line: number;
  message: string;
}

/** A source file's imports; `target` is set where it is one of our own modules, as a path from the project's root. */
type Graph = ReadonlyMap<string, readonly (Import & { target?: string })[]>;

/** Everything the sources import against the rules; empty if all is well. */
export function checkLayering(sources: Sources, against: readonly Rule[] = rules): Violation[] {
  const graph: Graph = new Map(
    [...sources].map(([file, text]) => [
      file,
      findImports(text).map((i) => (isOwn(i.specifier) ? { ...i, target: resolve(file, i.specifier) } : i)),
    ]),
  );
  return against.flatMap((rule) =>
    [...graph.keys()]
      .filter((file) => matches(file, rule.of) && !matches(file, rule.butNot))
      .flatMap((file) => [...checkModules(rule, file, graph), ...checkPackages(rule, file, graph)]),
  );
}

/** The sources of the project in this folder. */
export function readSources(root: string): Sources {
  const files = globSync("src/**/*.{ts,tsx}", { cwd: root });
  return new Map(files.map((file) => [file.split(sep).join("/"), readFileSync(`${root}/${file}`, "utf8")]));
}

function checkModules(rule: Rule, file: string, graph: Graph): Violation[] {
  return (graph.get(file) ?? []).flatMap(({ target, typeOnly, line }) => {
    if (target === undefined) return [];
    const allowed =
      (rule.may === undefined || matches(target, rule.may) || (typeOnly && matches(target, rule.mayTypes))) &&
      !matches(target, rule.mayNot);
    if (allowed) return [];
    const how = matches(target, rule.mayTypes) ? " other than by `import type`" : "";
    return [{ file, line, message: `may not import ${target}${how}. ${rule.reason}` }];
  });
}

/** Follows what is imported at run time, to find a package that is not allowed at the end of any chain. */
function checkPackages(rule: Rule, file: string, graph: Graph): Violation[] {
  const { reachesOnly } = rule;
  if (reachesOnly === undefined) return [];
  const violations: Violation[] = [];
  const seen = new Set<string>();
  const visit = (module: string, chain: readonly string[], firstLine?: number) => {
    if (seen.has(module)) return;
    seen.add(module);
    for (const { specifier, target, typeOnly, line } of graph.get(module) ?? []) {
      if (typeOnly) continue;
      const at = firstLine ?? line;
      if (target !== undefined) visit(target, [...chain, target], at);
      else if (isBuiltin(specifier) || !reachesOnly.includes(packageName(specifier))) {
        const via = chain.length === 0 ? "" : ` by way of ${chain.join(", ")}`;
        violations.push({ file, line: at, message: `may not import ${specifier}${via}. ${rule.reason}` });
      }
    }
  };
  visit(file, []);
  return violations;
}

/** `zod/v4` -> `zod`, `@scope/name/sub` -> `@scope/name`. */
export function packageName(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

/** A path into node_modules is a package's file, whichever way it is written. */
function isOwn(specifier: string): boolean {
  return specifier.startsWith(".") && !specifier.includes("/node_modules/");
}

function resolve(file: string, specifier: string): string {
  return posix.normalize(posix.join(posix.dirname(file), specifier));
}

function matches(file: string, globs: readonly string[] = []): boolean {
  return globs.some((glob) => matchesGlob(file, glob));
}

/** The project this script belongs to. */
export const projectRoot = dirname(dirname(fileURLToPath(import.meta.url)));
