// Looks a thing up when it is first asked for, and never again: several checks are about the same facts.

/** The same promise for everybody. One that fails and that nobody waits for is no fault of the program's. */
export function once<T>(look: () => Promise<T>): () => Promise<T> {
  let found: Promise<T> | undefined;
  return () => {
    if (found === undefined) {
      found = look();
      found.catch(() => undefined);
    }
    return found;
  };
}
