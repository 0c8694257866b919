// Looks at a fleet of which a part may be out of sight: what could not be read is noted, and the rest is told all the same.
import { explainError } from "../cli/explain-error.ts";

/** Something that could not be read, and why. */
export interface Unseen {
  what: string;
  why: string;
}

export class Looking {
  readonly unseen: Unseen[] = [];

  /**
   * What the call gives; undefined, and noted, when it fails.
   * @param what after "could not read": "the fleet's Sandboxes"
   */
  async at<T>(what: string, call: () => Promise<T>): Promise<T | undefined> {
    try {
      return await call();
    } catch (error) {
      const explanation = explainError(error);
      // A bug is not an outage.
      if (explanation.code === "bug") throw error;
      this.unseen.push({ what, why: explanation.message });
      return undefined;
    }
  }
}

/** Lines for people: what could not be read for the same reason is told together. */
export function describeUnseen(unseen: readonly Unseen[]): string[] {
  const groups = Map.groupBy(unseen, ({ why }) => why);
  return [...groups].map(([why, parts]) => `Could not read ${parts.map(({ what }) => what).join(", ")}: ${why}`);
}
