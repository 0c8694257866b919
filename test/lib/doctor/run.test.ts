import { describe, expect, it } from "vitest";
import { type Check, fail, lacksRight, notApplicable, ok, together, warn } from "../../../src/lib/doctor/check.ts";
import type { CheckId } from "../../../src/lib/doctor/check-ids.ts";
import { checks as all } from "../../../src/lib/doctor/checks.ts";
import { aheadBy } from "../../../src/lib/doctor/facts/controller.ts";
import type { Facts } from "../../../src/lib/doctor/facts/facts.ts";
import { once } from "../../../src/lib/doctor/once.ts";
import { type Outcome, type RunOptions, runChecks } from "../../../src/lib/doctor/run.ts";

const facts = { secrets: () => ["hunter2"] } as unknown as Facts;

/** A check by the name of a real one, since the names are a closed list. */
function check(id: CheckId, needs: CheckId[], run: Check["run"], limitMs?: number): Check {
  return { id, title: id.toUpperCase(), needs, run, ...(limitMs !== undefined && { limitMs }) };
}

async function diagnose(checks: Check[], options: Partial<RunOptions> = {}) {
  const told: Outcome[] = [];
  const signal = new AbortController().signal;
  const diagnosis = await runChecks(checks, facts, { signal, onOutcome: (outcome) => told.push(outcome), ...options });
  expect(told).toEqual(diagnosis.outcomes);
  return { ...diagnosis, brief: diagnosis.outcomes.map(({ id, status }) => `${id} ${status}`) };
}

describe("checks", () => {
  it("that need nothing of each other run at once, and are told of in order", async () => {
    const second = Promise.withResolvers<void>();
    const { brief, exitCode } = await diagnose([
      // Would wait for ever if the other were not begun before it ends.
      check("node", [], async () => {
        await second.promise;
        return ok("first");
      }),
      check("proxy", [], () => {
        second.resolve();
        return warn("second");
      }),
    ]);
    expect(brief).toEqual(["node ok", "proxy warn"]);
    expect(exitCode).toBe(0);
  });

  it("are skipped, naming the link at the root, when one that they need has failed", async () => {
    let ran = false;
    const { brief, outcomes, exitCode } = await diagnose([
      check("settings", [], () => fail("broken", "mend it")),
      check("policy", ["settings"], () => ok("never")),
      check("image", ["policy"], () => {
        ran = true;
        return ok("never");
      }),
      check("github", [], () => ok("fine")),
    ]);
    expect(brief).toEqual(["settings fail", "policy skipped", "image skipped", "github ok"]);
    expect(outcomes[2]?.detail).toBe("Not looked at, because this failed: SETTINGS.");
    expect(ran).toBe(false);
    expect(exitCode).toBe(1);
  });

  it("that do not apply keep nobody from running", async () => {
    const { brief } = await diagnose([
      check("installation", [], () => notApplicable("a token")),
      check("repositories", ["installation"], () => ok("fine")),
    ]);
    expect(brief).toEqual(["installation skipped", "repositories ok"]);
  });

  it("that throw have failed, in words and without a stack, and the others go on", async () => {
    const heard: unknown[] = [];
    const broken = new TypeError("x is not a function");
    const { outcomes, exitCode } = await diagnose(
      [
        check("node", [], () => {
          throw broken;
        }),
        check("proxy", [], () => ok("fine")),
      ],
      { onError: (_id, error) => heard.push(error) },
    );
    expect(outcomes).toEqual([
      {
        id: "node",
        title: "NODE",
        status: "fail",
        detail: "x is not a function. This is a bug in modal-gha, not something you did wrong.",
        mend: ["DEBUG=1 modal-gha doctor --check node", "Report what it prints."],
      },
      { id: "proxy", title: "PROXY", status: "ok", detail: "fine", mend: [] },
    ]);
    expect(exitCode).toBe(1);
    expect(heard).toEqual([broken]);
  });

  it("that take too long have failed, and what needs them is skipped", async () => {
    const { brief, outcomes } = await diagnose([
      check("modal", [], () => new Promise(() => {}), 10),
      check("image", ["modal"], () => ok("never")),
    ]);
    expect(brief).toEqual(["modal fail", "image skipped"]);
    expect(outcomes[0]?.detail).toBe("There was no answer within 10ms.");
  });

  it("end at once when they are interrupted", async () => {
    const controller = new AbortController();
    const hanging = check("modal", [], () => new Promise(() => controller.abort(new Error("enough"))));
    await expect(diagnose([hanging], { signal: controller.signal })).rejects.toThrow("enough");
  });

  it("give no secret away, whatever they found", async () => {
    const { outcomes } = await diagnose([check("node", [], () => fail("it is hunter2", "type hunter2"))]);
    expect(JSON.stringify(outcomes)).not.toContain("hunter2");
  });

  it("end with 4 when the first that fails is about credentials, and with 1 when another is first", async () => {
    const refused = check("modal", [], () => lacksRight("refused"));
    const other = check("image", [], () => fail("missing"));
    expect((await diagnose([refused, other])).exitCode).toBe(4);
    expect((await diagnose([other, refused])).exitCode).toBe(1);
  });

  it("can be asked for by name: then of the others only those that fail and are needed are told of", async () => {
    const some = [
      check("settings", [], () => ok("fine")),
      check("policy", ["settings"], () => fail("broken")),
      check("modal", [], () => fail("not asked for")),
      check("image", ["policy"], () => ok("never")),
    ];
    const { brief, exitCode } = await diagnose(some, { only: ["image"] });
    expect(brief).toEqual(["policy fail", "image skipped"]);
    expect(exitCode).toBe(1);
  });
});

it("the real checks need only each other, and none needs itself in the end", () => {
  const byId = new Map(all.map((each) => [each.id, each]));
  const visit = (id: CheckId, path: CheckId[]): void => {
    expect(path).not.toContain(id);
    for (const need of byId.get(id)?.needs ?? []) visit(need, [...path, id]);
  };
  for (const { id } of all) visit(id, []);
  expect(new Set(all.map(({ title }) => title)).size).toBe(all.length);
});

it("several findings are as bad as the worst, and tell of what is not well", () => {
  expect(together([ok("a."), ok("b.")])).toMatchObject({ status: "ok", detail: "a. b." });
  expect(together([ok("a."), warn("b.", "do"), fail("c.", "do", "more")])).toMatchObject({
    status: "fail",
    detail: "b. c.",
    mend: ["do", "more"],
  });
  expect(together([notApplicable("none")])).toMatchObject({ status: "skipped" });
});

it("a clock is ahead by no more than its Date header, which has whole seconds, proves", () => {
  const date = "Wed, 25 Nov 2026 00:00:10 GMT";
  const at = Date.parse(date);
  expect(aheadBy(date, at + 200, at + 900)).toBe(0);
  expect(aheadBy(date, at - 500, at + 100)).toBe(0);
  expect(aheadBy(date, at - 60_000, at - 59_000)).toBe(59_000);
  expect(aheadBy(date, at + 61_000, at + 62_000)).toBe(-60_000);
  expect(aheadBy(null, at, at)).toBeUndefined();
});

it("facts are looked up once, also when that fails", async () => {
  let looks = 0;
  const look = once(async () => {
    looks++;
    throw new Error("no");
  });
  await expect(look()).rejects.toThrow("no");
  await expect(look()).rejects.toThrow("no");
  expect(looks).toBe(1);
});
