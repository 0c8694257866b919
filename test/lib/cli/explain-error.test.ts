import { Octokit } from "@octokit/rest";
import { ClientError, Status } from "nice-grpc";
import { describe, expect, it } from "vitest";
import { AbortError, InterruptedError, OutputClosedError } from "../../../src/lib/cli/errors.ts";
import { ExitCode } from "../../../src/lib/cli/exit-codes.ts";
import { explainError } from "../../../src/lib/cli/explain-error.ts";
import { reportError } from "../../../src/lib/cli/report-error.ts";
import { Unavailable } from "../../../src/lib/fleet/ports.ts";
import { nowhere } from "../../e2e/cli.ts";
import { testStreams } from "./test-streams.ts";

/** What Octokit makes of an answer, or of none. */
async function octokitError(fetch: typeof globalThis.fetch): Promise<unknown> {
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const octokit = new Octokit({ request: { fetch }, log });
  return octokit.rest.apps.getAuthenticated().catch((error: unknown) => error);
}

function httpError(status: number, headers: Record<string, string> = {}): Promise<unknown> {
  return octokitError(async () => Response.json({ message: "Said so" }, { status, headers }));
}

describe("explainError", () => {
  it.each([
    ["GitHub 401", 401, {}, "github-unauthenticated", ExitCode.Authentication],
    ["GitHub 403", 403, {}, "github-forbidden", ExitCode.Authentication],
    ["GitHub 404", 404, {}, "github-not-found", ExitCode.Failure],
    ["GitHub 422", 422, {}, "github-error", ExitCode.Failure],
    ["GitHub 502", 502, {}, "github-error", ExitCode.Failure],
    ["a primary rate limit", 403, { "x-ratelimit-remaining": "0" }, "github-rate-limited", ExitCode.Failure],
    ["a secondary rate limit", 429, { "retry-after": "60" }, "github-rate-limited", ExitCode.Failure],
  ])("%s", async (_, status, headers, code, exitCode) => {
    expect(explainError(await httpError(status, headers as Record<string, string>))).toMatchObject({ code, exitCode });
  });

  it.each([
    [
      "Modal UNAUTHENTICATED",
      new ClientError("/modal.client.ModalClient/AppGet", Status.UNAUTHENTICATED, "Token missing"),
      "modal-unauthenticated",
      ExitCode.Authentication,
    ],
    ["Modal PERMISSION_DENIED", new ClientError("/x", Status.PERMISSION_DENIED, ""), "modal-forbidden", 4],
    ["Modal UNAVAILABLE", new ClientError("/x", Status.UNAVAILABLE, "connect"), "modal-unreachable", 1],
    ["Modal's other answers", new ClientError("/x", Status.INVALID_ARGUMENT, "no"), "modal-error", 1],
    ["a policy with faults", Object.assign(new Error("modal-gha.yaml:1:1 x"), { faults: [{}] }), "invalid-policy", 1],
    ["an interruption", new InterruptedError("SIGINT"), "interrupted", ExitCode.Interrupted],
    ["an aborted fetch", new DOMException("This operation was aborted", "AbortError"), "interrupted", 130],
    ["a timeout", new DOMException("The operation timed out", "TimeoutError"), "timeout", 1],
    ["a bug", new TypeError("x is not a function"), "bug", ExitCode.Failure],
    ["something that is no error", "oops", "bug", ExitCode.Failure],
  ])("%s", (_, error, code, exitCode) => {
    expect(explainError(error)).toMatchObject({ code, exitCode });
  });

  it("knows what the modal SDK says without credentials", async () => {
    const { ModalClient } = await import("modal");
    const client = new ModalClient({ tokenId: "", tokenSecret: "" });
    const error = await client.apps.fromName("x").catch((e: unknown) => e);
    client.close();
    expect(explainError(error)).toMatchObject({
      code: "modal-unauthenticated",
      message: "There are no credentials for Modal.",
      exitCode: ExitCode.Authentication,
    });
  });

  it("finds a refused connection under what fetch and Octokit make of it", async () => {
    const cause = await fetch(nowhere).catch((e: unknown) => e);
    for (const error of [cause, await octokitError(() => fetch(nowhere))]) {
      expect(explainError(error)).toMatchObject({ code: "network", exitCode: 1 });
    }
  });

  it.each([
    ["DEPTH_ZERO_SELF_SIGNED_CERT", /NODE_EXTRA_CA_CERTS/],
    ["CERT_NOT_YET_VALID", /clock/],
  ])("a certificate that is not trusted: %s", async (code, step) => {
    const cause = Object.assign(new Error("no such trust"), { code });
    const error = await octokitError(async () => Promise.reject(new TypeError("fetch failed", { cause })));
    expect(explainError(error)).toMatchObject({ code: "certificate", why: "no such trust", exitCode: 1 });
    expect(explainError(error).nextSteps[0]).toMatch(step);
  });

  it("finds a missing file", async () => {
    const { readFile } = await import("node:fs/promises");
    const error = await readFile("/nonexistent/modal-gha.yaml").catch((e: unknown) => e);
    expect(explainError(error)).toMatchObject({ code: "enoent", message: "There is no /nonexistent/modal-gha.yaml." });
  });

  it("lets what we said ourselves go before its cause", async () => {
    const error = new AbortError("No runner.", {
      why: "Because.",
      nextSteps: ["modal-gha doctor"],
      cause: await httpError(401),
    });
    expect(explainError(error)).toEqual({
      code: "failure",
      message: "No runner.",
      why: "Because.",
      nextSteps: ["modal-gha doctor"],
      exitCode: ExitCode.Failure,
    });
  });
});

describe("reportError", () => {
  const error = new AbortError(`No runner for ghs_${"a".repeat(36)}.`, {
    why: "The pool is full.",
    nextSteps: ["modal-gha runners ls"],
    exitCode: ExitCode.Pending,
    code: "pool-full",
  });

  it("tells people what happened, why, and what to type next, on stderr", () => {
    const io = testStreams();
    expect(reportError(error, { io, json: false, debug: false })).toBe(8);
    expect(io.stdoutText).toBe("");
    expect(io.stderrText).toBe(
      "Error: No runner for ghs_[redacted].\n  The pool is full.\n\nNext:\n  modal-gha runners ls\n",
    );
  });

  it("tells programs the same as one line of JSON on stdout", () => {
    const io = testStreams();
    expect(reportError(error, { io, json: true, debug: false })).toBe(8);
    expect(io.stderrText).toBe("");
    expect(
      io.stdoutText
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual([
      {
        error: {
          code: "pool-full",
          message: "No runner for ghs_[redacted].",
          why: "The pool is full.",
          nextSteps: ["modal-gha runners ls"],
        },
      },
    ]);
  });

  it("shows stacks, causes too and without secrets, only for debugging", () => {
    const failure = new AbortError("Outer", { cause: new TypeError(`inner as-${"b".repeat(22)}`) });
    const [quiet, loud] = [testStreams(), testStreams()];
    reportError(failure, { io: quiet, json: false, debug: false });
    reportError(failure, { io: loud, json: false, debug: true });
    expect(quiet.stderrText).toBe("Error: Outer\n");
    expect(loud.stderrText).toMatch(/Error: Outer\n {4}at .*caused by: TypeError: inner as-\[redacted\]\n {4}at /s);
  });

  it("says nothing to a reader who went away", () => {
    const io = testStreams();
    expect(reportError(new OutputClosedError(), { io, json: false, debug: false })).toBe(0);
    expect(io.stdoutText + io.stderrText).toBe("");
  });
});

describe("what the fleet's ports throw", () => {
  it("says when to try again", () => {
    const limits = { isRateLimit: true, retryAfterSeconds: 41.2 };
    expect(explainError(new Unavailable("github", "no budget is left", limits))).toMatchObject({
      code: "github-rate-limited",
      message: "no budget is left",
      nextSteps: ["Try again in 42 seconds."],
      exitCode: 1,
    });
    expect(explainError(new Unavailable("modal", "Modal is down"))).toMatchObject({ code: "modal-unavailable" });
  });

  it("is a rate limit also where GitHub's answer, a 403 without a time, does not say so itself", async () => {
    const limit = { isRateLimit: true, retryAfterSeconds: 60, cause: await httpError(403) };
    const explanation = explainError(new Unavailable("github", "wait 60 s", limit));
    expect([explanation.code, explanation.exitCode]).toEqual(["github-rate-limited", 1]);
  });

  it("that cannot be reached is told in plain words", () => {
    const details = "No connection established";
    const cause = Object.assign(new Error("/modal.client.ModalClient/AppGet UNAVAILABLE"), {
      ...{ name: "ClientError", code: 14, details },
    });
    expect(explainError(new Unavailable("modal", `Modal: ${cause.message}`, { cause }))).toMatchObject({
      ...{ code: "modal-unreachable", message: "Modal could not be reached.", why: details },
    });
  });

  it("is a matter of credentials where that is the cause", () => {
    const cause = Object.assign(new Error("no"), { name: "ClientError", code: 16, details: "token is wrong" });
    expect(explainError(new Unavailable("modal", "Modal: no", { cause })).exitCode).toBe(4);
  });
});
