// GitHub's error answers: status, message and documentation address as its REST API words them.
const documentation = "https://docs.github.com/rest";

/** Thrown by handlers, answered as GitHub's JSON error body. */
export class GitHubError extends Error {
  readonly status: number;
  readonly documentationUrl: string;
  readonly errors: unknown[] | undefined;
  readonly headers: Record<string, string>;

  constructor(
    status: number,
    message: string,
    more: { documentationUrl?: string; errors?: unknown[]; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.name = "GitHubError";
    this.status = status;
    this.documentationUrl = more.documentationUrl ?? documentation;
    this.errors = more.errors;
    this.headers = more.headers ?? {};
  }

  /** `components["schemas"]["basic-error"]`, with `errors` where there are any. */
  body(): { message: string; errors?: unknown[]; documentation_url: string; status: string } {
    return {
      message: this.message,
      ...(this.errors && { errors: this.errors }),
      documentation_url: this.documentationUrl,
      status: String(this.status),
    };
  }
}

export function notFound(): GitHubError {
  return new GitHubError(404, "Not Found");
}

export function badCredentials(): GitHubError {
  return new GitHubError(401, "Bad credentials");
}

export function requiresAuthentication(): GitHubError {
  return new GitHubError(401, "Requires authentication");
}

/** @param need what it would take, where permissions are the reason: told in a header, as GitHub does */
export function notAccessible(
  by: "integration" | "personal access token" = "integration",
  need?: { permission: string; level: string },
): GitHubError {
  const headers = need && { "X-Accepted-GitHub-Permissions": `${need.permission}=${need.level}` };
  return new GitHubError(403, `Resource not accessible by ${by}`, headers && { headers });
}

/** What an installation hears that someone has suspended, whatever it asks for. */
export function suspended(): GitHubError {
  return new GitHubError(403, "This installation has been suspended");
}

export function unprocessable(message: string, errors?: unknown[]): GitHubError {
  return new GitHubError(422, message, errors && { errors });
}

export function conflict(message: string): GitHubError {
  return new GitHubError(409, message);
}
