// Words of a Dockerfile: quotes, backslashes and $VARIABLES.

/** Splits at blanks that are neither quoted nor escaped; quotes stay in the words. */
export function splitWords(text: string): string[] {
  return text.match(/(?:\\.|'[^']*'|"(?:\\.|[^"\\])*"|[^\s])+/gs) ?? [];
}

function variable(expression: string, variables: Record<string, string>): string {
  const [, name = "", operator, word = ""] = /^(\w+)(?::([-+])(.*))?$/s.exec(expression) ?? [];
  const value = variables[name] ?? "";
  if (operator === "-") return value === "" ? expandWord(word, variables) : value;
  if (operator === "+") return value === "" ? "" : expandWord(word, variables);
  return value;
}

/** One alternative per kind of piece: literal quotes, quotes, an escape, `${...}`, `$NAME`. */
const piece = /'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)|\$\{([^}]*)\}|\$(\w+)/gs;

/** Takes the quotes and backslashes off a word and puts in the variables; one that is not set is empty. */
export function expandWord(word: string, variables: Record<string, string>): string {
  return word.replace(piece, (_all, literal, quoted, escaped, braced, named) => {
    if (literal !== undefined) return literal;
    // Inside double quotes a backslash escapes only what would mean something there.
    if (quoted !== undefined)
      return expandWord(quoted.replace(/\\([^"\\$])/gs, "\\\\$1").replace(/'/g, "\\'"), variables);
    if (escaped !== undefined) return escaped;
    return variable(braced ?? named, variables);
  });
}
