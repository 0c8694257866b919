// Turns whatever was thrown into what an operator needs: what happened, why, what to type next, which exit code.
// Errors of the SDKs are known by their shapes, so that reporting one loads neither Octokit nor the modal SDK.
import { AbortError } from "./errors.ts";
import { ExitCode } from "./exit-codes.ts";

export interface Explanation {
  /** Stable, kebab-case name for programs. */
  code: string;
  message: string;
  why?: string | undefined;
  nextSteps: readonly string[];
  exitCode: number;
}

/** Whatever an error may carry, by name; nothing of it can be relied on. */
type Shape = Record<string, unknown> & { name: string; message: string };
type Explainer = (error: Shape) => Explanation | undefined;

const doctor = "modal-gha doctor";

/**
 * What to tell about an error; the causes are asked too, the outermost that is understood counts.
 * A bug (an error nobody expected) has the code `bug`.
 */
export function explainError(error: unknown): Explanation {
  for (let e = error; e instanceof Error; e = e.cause) {
    if (e instanceof AbortError) {
      const { code, message, why, nextSteps, exitCode } = e;
      return { code, message, why, nextSteps, exitCode };
    }
    for (const explain of [
      usage,
      ownWords,
      unavailable,
      github,
      modal,
      policy,
      network,
      certificate,
      system,
      aborted,
    ]) {
      const explanation = explain(e as unknown as Shape);
      if (explanation !== undefined) return explanation;
    }
  }
  return {
    code: "bug",
    message: error instanceof Error ? error.message || error.name : String(error),
    why: "This is a bug in modal-gha, not something you did wrong.",
    nextSteps: ["Run the command again with DEBUG=1, and report what it prints."],
    exitCode: ExitCode.Failure,
  };
}

/** oclif's errors: a command line that cannot be read, or `this.error()`. Their other fields hold all of argv and the configuration. */
export function usage(error: Shape, commandId?: string): Explanation | undefined {
  const exit = (error["oclif"] as { exit?: unknown } | undefined)?.exit;
  if (typeof exit !== "number") return undefined;
  const parts = error.message
    .replace(/\nSee more help with --help$/, "")
    .replace(/^The following errors? occurred:/, "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const suggestions = Array.isArray(error["suggestions"]) ? error["suggestions"].map(String) : [];
  const help = ["modal-gha", ...(commandId?.split(":") ?? []), "--help"].join(" ");
  return {
    code: exit === ExitCode.Usage ? "usage" : "failure",
    message: parts.join(parts[0]?.endsWith(":") ? " " : "; "),
    nextSteps: suggestions.length > 0 || exit !== ExitCode.Usage ? suggestions : [help],
    exitCode: exit,
  };
}

/** SetupError of lib/github/setup and DeployError of lib/modal/deploy say all of it themselves. */
const ownWords: Explainer = (error) => {
  const { name, message, code, why, nextSteps, isAuthentication } = error;
  if ((name !== "SetupError" && name !== "DeployError") || typeof code !== "string") return undefined;
  return {
    code,
    message,
    why: typeof why === "string" ? why : undefined,
    nextSteps: Array.isArray(nextSteps) ? nextSteps.map(String) : [],
    exitCode: isAuthentication === true || code === "no-token-pair" ? ExitCode.Authentication : ExitCode.Failure,
  };
};

/** Unavailable of lib/fleet/ports.ts: waiting helps. Refused of lib/github/errors.ts: its message says what to mend. */
const unavailable: Explainer = (error) => {
  if (error.name !== "Unavailable" && error.name !== "Refused") return undefined;
  const cause = error["cause"] instanceof Error ? explainError(error["cause"]) : undefined;
  if (error.name === "Refused") {
    const { code = "refused", exitCode = ExitCode.Failure, nextSteps = [doctor] } = cause ?? {};
    return { code, message: error.message, why: cause?.why, nextSteps, exitCode };
  }
  // Wrong credentials do not mend themselves, whatever the caller makes of them.
  // (A secondary rate limit without a time to wait is a bare 403, which alone would read as a lack of permission.)
  if (cause?.exitCode === ExitCode.Authentication && error["isRateLimit"] !== true) return cause;
  // The message repeats what the SDK said, address of the call and all; that is for `why`.
  if (cause?.code === "modal-unreachable" || cause?.code === "network") return cause;
  const { retryAfterSeconds, isRateLimit } = error;
  const wait = typeof retryAfterSeconds === "number" ? `in ${Math.ceil(retryAfterSeconds)} seconds` : "in a while";
  return {
    code: isRateLimit === true ? "github-rate-limited" : `${error["service"]}-unavailable`,
    message: error.message,
    nextSteps: [`Try again ${wait}.`],
    exitCode: ExitCode.Failure,
  };
};

/** Octokit's RequestError (@octokit/request-error): `status`, and `response` if there was one. */
const github: Explainer = (error) => {
  const { status } = error;
  const response = error["response"] as { headers?: Record<string, string>; url?: string } | undefined;
  // Octokit calls it a 500 when no answer came at all; the cause knows more.
  if (error.name !== "HttpError" || typeof status !== "number" || response === undefined) return undefined;
  const headers = response.headers ?? {};
  const requestId = headers["x-github-request-id"];
  const said = `GitHub answered ${status}: ${error.message}`;
  const why = requestId === undefined ? undefined : `GitHub's request id is ${requestId}.`;
  if (status === 401) {
    return {
      code: "github-unauthenticated",
      message: "GitHub did not accept the credentials.",
      why: said,
      nextSteps: [doctor, "modal-gha init"],
      exitCode: ExitCode.Authentication,
    };
  }
  if (status === 429 || (status === 403 && (headers["x-ratelimit-remaining"] === "0" || "retry-after" in headers))) {
    const reset = Number(headers["x-ratelimit-reset"]) * 1000;
    const wait = headers["retry-after"];
    return {
      code: "github-rate-limited",
      message: "GitHub's rate limit is used up.",
      why: said,
      nextSteps: [
        wait !== undefined
          ? `Try again in ${wait} seconds.`
          : reset > 0
            ? `Try again after ${new Date(reset).toISOString()}.`
            : "Try again in some minutes.",
      ],
      exitCode: ExitCode.Failure,
    };
  }
  if (status === 403) {
    return {
      code: "github-forbidden",
      message: "GitHub did not allow this: the App or token lacks a permission.",
      why: said,
      nextSteps: [doctor, "Accept the App's new permissions on its installation page, if it asks for any."],
      exitCode: ExitCode.Authentication,
    };
  }
  if (status === 404) {
    const message = "GitHub does not know this, or the App or token may not see it.";
    return { code: "github-not-found", message, why: said, nextSteps: [doctor], exitCode: ExitCode.Failure };
  }
  const nextSteps = status >= 500 ? ["Try again; see https://www.githubstatus.com if it stays."] : [];
  return { code: "github-error", message: said, why, nextSteps, exitCode: ExitCode.Failure };
};

/** gRPC status codes (https://grpc.io/docs/guides/status-codes/) as nice-grpc's ClientError carries them. */
const grpc = { permissionDenied: 7, resourceExhausted: 8, unavailable: 14, unauthenticated: 16 };

/** The modal SDK: ClientError of nice-grpc (`code`, `details`), plain errors for missing credentials, its own classes by name. */
const modal: Explainer = (error) => {
  const unauthenticated = (why: string): Explanation => ({
    code: "modal-unauthenticated",
    message: "Modal did not accept the credentials.",
    why,
    nextSteps: ["modal token new", "Or set MODAL_TOKEN_ID and MODAL_TOKEN_SECRET.", doctor],
    exitCode: ExitCode.Authentication,
  });
  if (error.message.startsWith("Profile is missing credentials")) {
    const why = "They are neither in MODAL_TOKEN_ID and MODAL_TOKEN_SECRET nor in the profile of ~/.modal.toml.";
    return { ...unauthenticated(why), message: "There are no credentials for Modal." };
  }
  if (error.name !== "ClientError" || typeof error["code"] !== "number") return undefined;
  // What gRPC appends, of names that were looked up, is empty as a rule.
  const details = String(error["details"] ?? error.message).replace(/ Resolution note: $/, "");
  switch (error["code"]) {
    case grpc.unauthenticated:
      return unauthenticated(`Modal said: ${details}`);
    case grpc.permissionDenied: {
      const message = "Modal did not allow this with these credentials.";
      const why = `Modal said: ${details}`;
      return { code: "modal-forbidden", message, why, nextSteps: [doctor], exitCode: ExitCode.Authentication };
    }
    case grpc.unavailable: {
      const message = "Modal could not be reached.";
      const nextSteps = ["Try again; see https://status.modal.com if it stays."];
      return { code: "modal-unreachable", message, why: details, nextSteps, exitCode: ExitCode.Failure };
    }
    default: {
      const message = `Modal answered: ${details}`;
      return { code: "modal-error", message, nextSteps: [], exitCode: ExitCode.Failure };
    }
  }
};

/** PolicyError of lib/policy: its message lists the faults with their lines and columns. */
const policy: Explainer = (error) => {
  if (!Array.isArray(error["faults"])) return undefined;
  const nextSteps = ["Mend these lines, then: modal-gha config validate"];
  return { code: "invalid-policy", message: error.message, nextSteps, exitCode: ExitCode.Failure };
};

const networkCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_SOCKET",
]);

const network: Explainer = (error) => {
  const { code } = error;
  if (typeof code !== "string" || !networkCodes.has(code)) return undefined;
  const where = error["hostname"] ?? (error["address"] && `${error["address"]}:${error["port"]}`);
  return {
    code: "network",
    message: where ? `Could not reach ${where}.` : "Could not reach the server.",
    why: error.message === "" ? code : error.message,
    nextSteps: ["Check the network, and the addresses in GITHUB_API_URL and MODAL_SERVER_URL if they are set."],
    exitCode: ExitCode.Failure,
  };
};

const certificateCodes = new Set([
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

/** What Node says of certificates: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const certificate: Explainer = (error) => {
  const { code } = error;
  if (typeof code !== "string" || !certificateCodes.has(code)) return undefined;
  const isAboutTime = code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID";
  return {
    code: "certificate",
    message: "The server's certificate is not trusted.",
    why: error.message === "" ? code : error.message,
    nextSteps: isAboutTime
      ? ["Check this machine's clock; if it is right, the server needs a new certificate."]
      : ["Of a certificate authority of your own: export NODE_EXTRA_CA_CERTS=<file.pem>"],
    exitCode: ExitCode.Failure,
  };
};

/** Node's own errors about files: the path is in them. */
const system: Explainer = (error) => {
  const { code, path } = error;
  if (typeof code !== "string" || typeof path !== "string") return undefined;
  const said: Record<string, string> = {
    ENOENT: `There is no ${path}.`,
    EACCES: `${path} may not be read or written by you.`,
    EISDIR: `${path} is a folder, not a file.`,
    ENOTDIR: `${path} is not a folder.`,
    ENOSPC: `There is no space left for ${path}.`,
    EROFS: `${path} is on a file system that may not be written to.`,
  };
  const message = said[code];
  if (message === undefined) return undefined;
  return { code: code.toLowerCase(), message, why: error.message, nextSteps: [], exitCode: ExitCode.Failure };
};

/** What AbortSignal.timeout() and abort() reject with. */
const aborted: Explainer = (error) => {
  if (error.name === "TimeoutError" && error instanceof DOMException) {
    const message = "It took too long.";
    return { code: "timeout", message, why: error.message, nextSteps: ["Try again."], exitCode: ExitCode.Failure };
  }
  if (error.name !== "AbortError") return undefined;
  return { code: "interrupted", message: "Interrupted.", nextSteps: [], exitCode: ExitCode.Interrupted };
};
