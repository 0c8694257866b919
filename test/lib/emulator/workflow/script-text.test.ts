// Whatever a script holds, and however YAML writes it down, it reaches the runner as the YAML value with its
// expressions filled in.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { toContextData } from "../../../../src/lib/emulator/workflow/context-data.ts";
import { evaluateMapping } from "../../../../src/lib/emulator/workflow/expressions.ts";
import { jobOf, workflowOf } from "./helpers.ts";

const expression = `\${{ github['sha'] }}`;
const scope = { contexts: { github: toContextData({ sha: "abc" }) } };
const piece = fc.string({ unit: fc.constantFrom(..."ab'\"{}\n $#:\\|-%&\t") }).filter((text) => !text.includes(`\${{`));

describe("the text of a script", () => {
  test.each(["PLAIN", "QUOTE_DOUBLE", "QUOTE_SINGLE", "BLOCK_LITERAL", "BLOCK_FOLDED"] as const)(
    "written as %s",
    (defaultStringType) => {
      fc.assert(
        fc.property(piece, piece, (before, after) => {
          const script = `x${before} ${expression} ${after}.`;
          const content = stringify(
            { on: "push", jobs: { build: { "runs-on": "modal", steps: [{ run: script }] } } },
            { defaultStringType, defaultKeyType: "PLAIN" },
          );
          // Not the script itself: the writer of this test is no more to be trusted than the reader.
          const written: string = parse(content).jobs.build.steps[0].run;
          const [step] = jobOf(workflowOf(content)).steps;
          expect(evaluateMapping(step?.inputs, scope).get("script")).toBe(written.replace(expression, "abc"));
        }),
        { numRuns: 80 },
      );
    },
  );
});
