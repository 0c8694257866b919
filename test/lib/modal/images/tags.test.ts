import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatTag, parseReference, parseTag, variants } from "../../../../src/lib/modal/images/tags.ts";

describe("marked tags", () => {
  it("say version, time and variant", () => {
    const builtAt = Date.UTC(2026, 10, 24, 9, 5, 7);
    expect(formatTag({ runnerVersion: "2.338.0", variant: "standard", builtAt })).toBe("mgha-2.338.0-20261124090507");
    expect(formatTag({ runnerVersion: "2.338.0", variant: "cuda", builtAt })).toBe("mgha-2.338.0-20261124090507-cuda");
    expect(parseTag("mgha-2.338.0-20261124090507-docker")).toEqual({
      runnerVersion: "2.338.0",
      variant: "docker",
      builtAt,
    });
  });

  it("come back as they went in, and fit Modal's names", () => {
    const part = fc.nat({ max: 9999 });
    const tag = fc.record({
      runnerVersion: fc.tuple(part, part, part).map((parts) => parts.join(".")),
      variant: fc.constantFrom(...variants),
      builtAt: fc.integer({ min: 0, max: Date.UTC(9999, 0) / 1000 - 1 }).map((seconds) => seconds * 1000),
    });
    fc.assert(
      fc.property(tag, (marked) => {
        expect(formatTag(marked)).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
        expect(parseTag(formatTag(marked))).toEqual(marked);
      }),
    );
  });

  it.each(["latest", "2026-06", "mgha-2.338.0", "mgha-2.338.0-20260231000000", "mgha-2.338-20261124090507", ""])(
    "%j is none",
    (tag) => {
      expect(parseTag(tag)).toBeUndefined();
    },
  );

  it.each([
    ["modal-gha-runner", "modal-gha-runner", "latest"],
    ["modal-gha-runner:2026-06", "modal-gha-runner", "2026-06"],
    ["main/runner:x", "main/runner", "x"],
    ["work:space/runner", "work:space/runner", "latest"],
  ])("%s is the name %s with the tag %s", (reference, name, tag) => {
    expect(parseReference(reference)).toEqual({ name, tag });
  });
});
