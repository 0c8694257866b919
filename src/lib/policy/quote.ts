// Quotes the lines of a policy file in which something is said, with their numbers.
import { LineCounter, parseDocument } from "yaml";
import { locate } from "./locate.ts";

export interface PolicyLine {
  /** What it says: `limits.max-runners`, `pools[0].labels`. */
  path: string;
  /** Counted from 1; null for what the file does not say, so that the default holds. */
  line: number | null;
  /** The line as it is in the file, without what is around it; of a default, the default. */
  text: string;
}

/** Something that the policy says: a path in the file, and what holds where the file says nothing. */
export interface Said {
  path: readonly (string | number)[];
  otherwise?: string;
}

/**
 * The lines that say it, each once, in the file's order; defaults last.
 * @param text of a policy file that is sound
 */
export function quotePolicy(text: string, said: readonly Said[]): PolicyLine[] {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, logLevel: "error" });
  const lines = text.split("\n");
  const quotes = said.flatMap(({ path, otherwise }): PolicyLine[] => {
    const name = writePath(path);
    if (document.hasIn(path)) {
      const { line } = counter.linePos(locate(document, path));
      return [{ path: name, line, text: (lines[line - 1] ?? "").trim() }];
    }
    if (otherwise !== undefined) return [{ path: name, line: null, text: otherwise }];
    return [];
  });
  const once = new Map(quotes.map((quote) => [quote.line ?? quote.path, quote]));
  return [...once.values()].sort((a, b) => (a.line ?? Number.POSITIVE_INFINITY) - (b.line ?? Number.POSITIVE_INFINITY));
}

function writePath(path: readonly (string | number)[]): string {
  return path
    .map((step, index) => (typeof step === "number" ? `[${step}]` : `${index > 0 ? "." : ""}${step}`))
    .join("");
}
