// What the answer to a webhook says about both of its ends.

export interface HookVerdict {
  verdict:
    | "ok"
    /** The controller has another secret than GitHub. */
    | "bad-signature"
    /** The controller runs, but has not got its secrets. */
    | "not-configured"
    /** Nobody answers there, or not within GitHub's ten seconds. */
    | "unreachable"
    /** GitHub has sent nothing that could be sent again, or not in time. */
    | "no-delivery"
    /** Any other answer, or one that our controller would not give. */
    | "other";
  /** A sentence for people. */
  detail: string;
  /** Of the attempt that told it. */
  deliveryId?: string;
  /** Of the answer, where there was one. */
  statusCode?: number;
}

/**
 * @param statusCode of the answer; GitHub writes 502 and 504 where there was none
 * @param status GitHub's words: `OK`, `Invalid HTTP Response: 401`, `timed out`, `failed to connect to host`
 */
export function judge(statusCode: number, status: string): HookVerdict {
  const isAnswer = statusCode > 0 && (status === "OK" || status.startsWith("Invalid HTTP Response"));
  if (!isAnswer) {
    return { verdict: "unreachable", detail: `The controller did not answer; GitHub says: ${status}.` };
  }
  if (statusCode >= 200 && statusCode < 300) {
    return { verdict: "ok", statusCode, detail: "The controller has the same webhook secret as GitHub." };
  }
  if (statusCode === 401) {
    const detail = "The controller has another webhook secret than GitHub: it refused the signature.";
    return { verdict: "bad-signature", statusCode, detail };
  }
  if (statusCode === 503) {
    const detail = "The controller runs, but its secrets are not set yet (it answered 503).";
    return { verdict: "not-configured", statusCode, detail };
  }
  return { verdict: "other", statusCode, detail: `The webhook's address answered ${statusCode}.` };
}

/** A ping must be answered as our controller does: anything may answer 200. */
export function judgePing(verdict: HookVerdict, answer: string): HookVerdict {
  if (verdict.verdict !== "ok" || isPong(answer)) return verdict;
  const detail = `Something answered ${verdict.statusCode}, but not as the controller does; is the address right?`;
  return { ...verdict, verdict: "other", detail };
}

function isPong(text: string): boolean {
  try {
    return (JSON.parse(text) as { reason?: unknown } | null)?.reason === "pong";
  } catch {
    return false;
  }
}
