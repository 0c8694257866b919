// The glob patterns of branch, tag and path filters.
// Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#filter-pattern-cheat-sheet

/** Whether the last pattern that matches the name is one without `!`. */
export function matchesFilter(patterns: string[], name: string): boolean {
  return patterns.reduce((matched, pattern) => {
    const negative = pattern.startsWith("!");
    return toRegExp(negative ? pattern.slice(1) : pattern).test(name) ? !negative : matched;
  }, false);
}

/**
 * `*` stays within a segment, `**` does not; `?` and `+` count the character or `[…]` before them; `\` takes the next one
 * literally. A `?` or `+` with nothing to count stands for itself.
 */
function toRegExp(pattern: string): RegExp {
  const parts = /\*\*\/|\*\*|\*|(?<unit>\[[^\]]+\]|\\.|[^*?+])(?<count>[?+]?)|[?+]/g;
  const source = Array.from(pattern.matchAll(parts), ({ 0: part, groups }) => {
    if (part === "**/") return "(?:.*/)?";
    if (part === "**") return ".*";
    if (part === "*") return "[^/]*";
    const unit = groups?.["unit"] ?? part;
    const isClass = unit.startsWith("[") && unit.length > 1;
    return (isClass ? unit : unit.slice(-1).replace(/[^\w\s]/, "\\$&")) + (groups?.["count"] ?? "");
  });
  return new RegExp(`^${source.join("")}$`);
}
