// Something that is opened once, and anew after it could not be.

/** A function that opens at its first call, hands out the same thing afterwards, and tries again after a failure. */
export function retrying<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined;
  return () => {
    opened ??= open().catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
}
