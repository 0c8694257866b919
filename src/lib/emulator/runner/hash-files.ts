// hashFiles(): SHA-256 over the SHA-256 of every file that matches, as src/Misc/expressionFunc/hashFiles does.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

/** A glob of @actions/glob as a regular expression; what lies below a matching folder matches, too. */
function toExpression(pattern: string): RegExp {
  const source = pattern.replace(/\*\*\/|\*\*|\*|\?|\[[^\]]+\]|[.+^${}()|\\]/g, (part) => {
    if (part === "**/") return "(?:.*/)?";
    if (part === "**") return ".*";
    if (part === "*") return "[^/]*";
    if (part === "?") return "[^/]";
    return part.startsWith("[") ? part.replace(/^\[!/, "[^") : `\\${part}`;
  });
  return new RegExp(`^${source}(?:/.*)?$`);
}

/** @param patterns relative to the workspace; `!` excludes, the last that matches decides. @returns "" when no file matches. */
export function hashFiles(workspace: string, patterns: readonly string[]): string {
  const rules = patterns
    .flatMap((pattern) => pattern.split(/\r?\n/))
    .map((pattern) => pattern.trim())
    .filter((pattern) => pattern !== "" && !pattern.startsWith("#"))
    .map((pattern) => {
      const exclude = pattern.startsWith("!");
      const path = relative(workspace, resolve(workspace, exclude ? pattern.slice(1) : pattern));
      return { exclude, expression: toExpression(path) };
    });
  const files = readdirSync(workspace, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(workspace, join(entry.parentPath, entry.name)))
    .filter((file) => rules.findLast(({ expression }) => expression.test(file))?.exclude === false)
    .sort();
  if (files.length === 0) return "";
  const hash = createHash("sha256");
  for (const file of files) {
    hash.update(
      createHash("sha256")
        .update(readFileSync(join(workspace, file)))
        .digest(),
    );
  }
  return hash.digest("hex");
}
