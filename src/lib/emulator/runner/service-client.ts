// JSON over HTTP with a bearer token: what the broker, the run service and the results service have in common.

/** A reply that is not 2xx. `body` is its JSON, if it is JSON. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly status: number;
  readonly body: Record<string, unknown>;

  constructor(status: number, text: string) {
    const body = parse(text);
    super(typeof body["errorMessage"] === "string" ? body["errorMessage"] : `Response status code ${status}`);
    this.status = status;
    this.body = body;
  }
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === "object" ? { ...value } : {};
  } catch {
    return {};
  }
}

/** Gives the token to use; `renew` asks for another one, after the last was refused. */
export type TokenSource = (renew: boolean) => Promise<string>;

export interface ServiceRequest {
  query?: Record<string, string>;
  body?: unknown;
  signal?: AbortSignal | undefined;
}

export class ServiceClient {
  readonly #base: string;
  readonly #token: TokenSource;

  /** @param base the folder that paths are resolved against. */
  constructor(base: string, token: TokenSource) {
    this.#base = base.endsWith("/") ? base : `${base}/`;
    this.#token = token;
  }

  /**
   * @returns the JSON of the reply, undefined when it has no body (202, 204).
   * @throws ServiceError for a reply that is not 2xx (401 only after a second token), TypeError when there is no reply.
   */
  async send(method: "GET" | "POST" | "DELETE", path: string, request: ServiceRequest = {}): Promise<unknown> {
    const url = new URL(path, this.#base);
    for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value);
    for (const renew of [false, true]) {
      const response = await fetch(url, {
        method,
        headers: {
          accept: "application/json",
          authorization: `Bearer ${await this.#token(renew)}`,
          ...(request.body === undefined ? {} : { "content-type": "application/json; charset=utf-8" }),
        },
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
        ...(request.signal ? { signal: request.signal } : {}),
      });
      const text = await response.text();
      if (response.ok) return text === "" ? undefined : JSON.parse(text);
      if (response.status !== 401 || renew) throw new ServiceError(response.status, text);
    }
    return undefined;
  }
}
