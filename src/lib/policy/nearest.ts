// Which known word was probably meant by one that is not known: a label, a GPU, a key of the policy file.

/**
 * The known word that differs least, upper and lower case being the same, and of several the one that begins most alike;
 * undefined when none has more than half its letters in common.
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const [first] = known
    .map((candidate) => ({
      candidate,
      distance: distance(word.toLowerCase(), candidate.toLowerCase()),
      prefix: prefixLength(word.toLowerCase(), candidate.toLowerCase()),
    }))
    .filter(({ candidate, distance }) => distance * 2 < Math.max(word.length, candidate.length))
    .sort((a, b) => a.distance - b.distance || b.prefix - a.prefix);
  return first?.candidate;
}

/** `; did you mean X?`, or nothing. */
export function suggestion(word: string, known: readonly string[]): string {
  const meant = nearest(word, known);
  return meant === undefined ? "" : `; did you mean ${meant}?`;
}

/** How many letters have to be put in, taken out or replaced (Levenshtein). Longer words than any of ours need no exact answer. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 64) return Infinity;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of a.split("").entries()) {
    const next = [i + 1];
    for (const [j, other] of b.split("").entries()) {
      const replaced = (row[j] as number) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] as number) + 1, (next[j] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

function prefixLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}
