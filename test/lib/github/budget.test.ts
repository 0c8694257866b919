import { describe, expect, it } from "vitest";
import { Budget, type CallEnd, Registrations } from "../../../src/lib/github/budget.ts";
import { type Call, describeCall, mintCall } from "../../../src/lib/github/calls.ts";
import { VirtualTime } from "./support.ts";

const mint = mintCall("/orgs/acme");
const sweep: Call = { urgency: "sweep", cost: 1, as: "token" };
const finish: Call = { urgency: "finish", cost: 5, as: "token" };
const counted = { "x-ratelimit-limit": "5000", "x-ratelimit-remaining": "4999", "x-ratelimit-reset": "99999999999" };

/** Makes calls until there is no room; each ends at once. */
function exhaust(budget: Budget, call: Call, how: CallEnd = { headers: counted, isSuccess: true }) {
  for (let count = 0; ; count++) {
    const reservation = budget.reserve(call);
    if (!reservation.ok) return { count, ...reservation };
    reservation.end(how);
  }
}

describe("the points of a minute", () => {
  it("let a burst of runners through at once, then as many a minute", () => {
    const time = new VirtualTime();
    const budget = new Budget(time);
    expect(exhaust(budget, mint)).toMatchObject({ count: 171, retryAfterSeconds: 60 });
    time.pass(59);
    expect(exhaust(budget, mint)).toMatchObject({ count: 0, retryAfterSeconds: 1 });
    time.pass(1);
    expect(exhaust(budget, mint).count).toBe(171);
  });

  it("never let more than the limit through within any minute, whatever the pattern", () => {
    const time = new VirtualTime();
    const budget = new Budget(time);
    const made: number[] = [];
    for (let step = 0; step < 800; step++) {
      const asked = (step * 7919) % 23;
      for (let i = 0; i < asked; i++) {
        const reservation = budget.reserve(mint);
        if (!reservation.ok) break;
        made.push(time.ms);
        time.ms += 3;
        reservation.end({ headers: counted, isSuccess: true });
      }
      time.ms += (step * 104_729) % 5_000;
    }
    expect(made.length).toBeGreaterThan(2_000);
    made.forEach((at, index) => {
      expect(at - (made[index - 180] ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(60_000);
    });
  });

  it("keep a part for what is to be finished", () => {
    const budget = new Budget(new VirtualTime());
    exhaust(budget, sweep);
    expect(budget.reserve(mint).ok).toBe(false);
    expect(exhaust(budget, finish).count).toBe(9);
  });

  it("count a call from its end, since GitHub may have counted it as late as that", () => {
    const time = new VirtualTime();
    const budget = new Budget({
      now: time.now,
      limits: { pointsPerMinute: 6, concurrent: 1, registrationsPer5Minutes: 9 },
    });
    const first = budget.reserve(mint);
    time.pass(30);
    if (first.ok) first.end({ headers: counted, isSuccess: true });
    expect(budget.reserve(mint)).toMatchObject({ ok: false, retryAfterSeconds: 60 });
    time.pass(60);
    expect(budget.reserve(mint).ok).toBe(true);
  });
});

describe("registrations in five minutes", () => {
  it("are the organisation's, whichever App asks", () => {
    const time = new VirtualTime();
    const registrations = new Registrations(time.now, 10);
    const [one, two] = [new Budget({ now: time.now, registrations }), new Budget({ now: time.now, registrations })];
    expect(exhaust(one, mint)).toMatchObject({ count: 10, retryAfterSeconds: 300 });
    expect(two.room(mint)).toBe(0);
    expect(two.room(mintCall("/repos/acme/widgets"))).toBe(10);
  });
});

describe("the calls of an hour", () => {
  const time = new VirtualTime();
  const reset = Math.ceil(time.ms / 1000) + 600;
  const left = (remaining: number, resource = "core") => ({
    headers: {
      "x-ratelimit-limit": "1000",
      "x-ratelimit-remaining": String(remaining),
      "x-ratelimit-reset": String(reset),
      "x-ratelimit-resource": resource,
    },
    isSuccess: true,
  });
  const budgetWith = (remaining: number) => {
    const budget = new Budget(time);
    const reservation = budget.reserve(sweep);
    if (reservation.ok) reservation.end(left(remaining));
    return budget;
  };

  it("are spent down to a tenth, and to nothing for what is to be finished", () => {
    const budget = budgetWith(103);
    expect([budget.room(sweep), budget.room(mint), budget.room(finish)]).toEqual([3, 3, 103]);
    const spent = budgetWith(100);
    expect(spent.reserve(sweep)).toMatchObject({ ok: false, because: expect.stringContaining("kept for clean-up") });
    expect(spent.reserve(finish).ok).toBe(true);
    expect(budgetWith(0).reserve(finish)).toMatchObject({ ok: false, retryAfterSeconds: expect.closeTo(600, -1) });
  });

  it("count calls that are still under way, and believe the least of answers that overtake one another", () => {
    const budget = budgetWith(102);
    const [one, two] = [budget.reserve(sweep), budget.reserve(sweep)];
    expect(budget.reserve(sweep).ok).toBe(false);
    if (two.ok) two.end(left(100));
    if (one.ok) one.end(left(101));
    expect(budget.room(sweep)).toBe(0);
  });

  it("are counted apart for each resource", () => {
    const budget = budgetWith(100);
    const reservation = new Budget(time).reserve(mint);
    expect(reservation.ok).toBe(true);
    expect(budget.room(mint)).toBe(0);
    const other = new Budget(time);
    for (const [call, resource] of [
      [mint, "actions_runner_registration"],
      [sweep, "core"],
    ] as const) {
      const made = other.reserve(call);
      if (made.ok) made.end(left(resource === "core" ? 100 : 900, resource));
    }
    expect([other.room(sweep), other.room(mint)]).toEqual([0, 169]);
  });

  it("begin anew at the reset", () => {
    const budget = budgetWith(0);
    time.ms = reset * 1000;
    expect(budget.reserve(sweep).ok).toBe(true);
  });
});

describe("after a refusal", () => {
  const refuse = (budget: Budget, retryAfterSeconds?: number) => {
    const reservation = budget.reserve(mint);
    if (reservation.ok) reservation.end({ refusal: { retryAfterSeconds }, isSuccess: false });
    return reservation.ok;
  };

  it("every further call of the kind is kept back as long as GitHub asks, and others go on", () => {
    const time = new VirtualTime();
    const budget = new Budget(time);
    refuse(budget, 42);
    expect(budget.reserve(mint)).toMatchObject({ ok: false, retryAfterSeconds: 42 });
    expect([budget.room(mint), budget.reserve(sweep).ok]).toEqual([0, true]);
    time.pass(42);
    expect(budget.reserve(mint).ok).toBe(true);
  });

  it("the wait doubles from a minute where GitHub names none, and begins anew after a success", () => {
    const time = new VirtualTime();
    const budget = new Budget(time);
    const waits: number[] = [];
    for (let i = 0; i < 6; i++) {
      refuse(budget);
      const next = budget.reserve(mint);
      waits.push(next.ok ? 0 : next.retryAfterSeconds);
      time.pass(waits.at(-1)!);
    }
    expect(waits).toEqual([60, 120, 240, 480, 900, 900]);
    const good = budget.reserve(mint);
    if (good.ok) good.end({ headers: counted, isSuccess: true });
    refuse(budget);
    expect(budget.reserve(mint)).toMatchObject({ retryAfterSeconds: 60 });
  });

  it("calls that were refused together count as one refusal", () => {
    const time = new VirtualTime();
    const budget = new Budget(time);
    const together = Array.from({ length: 20 }, () => budget.reserve(mint));
    for (const each of together) if (each.ok) each.end({ refusal: { retryAfterSeconds: undefined }, isSuccess: false });
    expect(budget.reserve(mint)).toMatchObject({ retryAfterSeconds: 60 });
  });
});

it("without headers of limits, as of GitHub Enterprise Server, nothing is counted", () => {
  const budget = new Budget(new VirtualTime());
  const first = budget.reserve(sweep);
  if (first.ok) first.end({ headers: {}, isSuccess: true });
  expect(budget.room(mint)).toBe(Number.POSITIVE_INFINITY);
});

describe("a request", () => {
  const ghes = "https://ghes.example/api/v3";
  it.each([
    ["POST", `${ghes}/orgs/Acme/actions/runners/generate-jitconfig`, { ...mint }],
    ["POST", `${ghes}/repos/a/b/actions/runners/generate-jitconfig`, mintCall("/repos/a/b")],
    ["DELETE", `${ghes}/orgs/acme/actions/runners/7`, finish],
    ["GET", `${ghes}/repos/a/b/actions/jobs/7`, { urgency: "finish", cost: 1, as: "token" }],
    ["GET", `${ghes}/repos/a/b/actions/runs/7`, { urgency: "finish", cost: 1, as: "token" }],
    ["GET", `${ghes}/repos/a/b/actions/runs?status=queued`, sweep],
    ["GET", `${ghes}/organizations/5/actions/runners?page=2`, sweep],
    ["POST", `${ghes}/app/installations/7/access_tokens`, { urgency: "finish", cost: 5, as: "app" }],
    ["GET", `${ghes}/app/hook/deliveries?cursor=x`, { urgency: "sweep", cost: 1, as: "app" }],
    ["GET", `${ghes}/users/acme/installation`, { urgency: "finish", cost: 1, as: "app" }],
    ["GET", `${ghes}/repos/app/installation`, { urgency: "finish", cost: 1, as: "token" }],
  ])("%s %s is known for what it is", (method, url, call) => {
    expect(describeCall(method, url, ghes)).toEqual(call);
  });
});
