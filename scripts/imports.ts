// Finds the imports of a TypeScript source. TypeScript 7 has no programming interface, and esbuild drops type imports;
// so this reads the text, which Biome's formatting keeps regular: a statement begins at the start of a line.

export interface Import {
  /** What stands between the quotes. */
  specifier: string;
  /** `import type` and `export type`: gone at run time. */
  typeOnly: boolean;
  /** Counts from 1. */
  line: number;
}

const statement =
  /^(?:import|export)\b(?<clause>(?:(?!\n(?:import|export)\b)[^"'`;=])*?)["'](?<specifier>[^"'\n]+)["']/gm;
/** `await import("x")` loads; `import("x").Name` in a type does not. */
const expression = /\bimport\(\s*["'](?<specifier>[^"'\n]+)["']\s*\)(?<member>\.[A-Z])?/g;

/** Every import of a source, static ones first. */
export function findImports(source: string): Import[] {
  const text = blankComments(source);
  const lineOf = (index: number) => text.slice(0, index).split("\n").length;
  const found: Import[] = [];
  for (const { groups, index } of text.matchAll(statement)) {
    const { clause = "", specifier = "" } = groups ?? {};
    // `export const x = "…"` is none: an import has a clause that ends in `from`, or no clause.
    if (clause.trim() !== "" && !/\bfrom\s*$/.test(clause)) continue;
    found.push({
      specifier,
      typeOnly: /^\s+type\s+[^,\s]/.test(clause) && !/^\s+type\s+from\b/.test(clause),
      line: lineOf(index),
    });
  }
  for (const { groups, index } of text.matchAll(expression)) {
    const { specifier = "", member } = groups ?? {};
    const typeOnly = member !== undefined || /\btypeof\s+$/.test(text.slice(0, index));
    found.push({ specifier, typeOnly, line: lineOf(index) });
  }
  return found;
}

/** Comments, and strings that talk of imports, replaced by spaces; line feeds are kept. */
function blankComments(source: string): string {
  return source.replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (match) =>
    match.startsWith("/") || match.includes("import(") ? match.replace(/[^\n]/g, " ") : match,
  );
}
