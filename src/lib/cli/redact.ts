// Takes secrets out of text that people, logs and bug reports get to see.

const placeholder = "[redacted]";

/** What secrets look like: GitHub and Modal tokens, private keys, JIT configurations and JWTs, passwords in URLs. */
const patterns: readonly [RegExp, string][] = [
  [/-----BEGIN [A-Z0-9 ]+-----[\s\S]*?(?:-----END [A-Z0-9 ]+-----|$)/g, placeholder],
  // https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/; newer ghs_ tokens hold a JWT.
  [/\b(gh[pousr]_)[A-Za-z0-9_.-]{16,}[A-Za-z0-9_-]/g, `$1${placeholder}`],
  [/\b(github_pat_)[A-Za-z0-9_]{16,}/g, `$1${placeholder}`],
  // Modal's token ids (ak-) and token secrets (as-).
  [/\b(a[ks]-)[A-Za-z0-9]{12,}/g, `$1${placeholder}`],
  // Base64 of JSON: JWTs in three parts, and the JIT configuration that a runner registers with.
  [/\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+){1,2}/g, placeholder],
  [/\beyJ[A-Za-z0-9+/_-]{60,}={0,2}/g, placeholder],
  [/[A-Za-z0-9+/_-]{256,}={0,2}/g, placeholder],
  [/(:\/\/)[^/\s:@]*:[^/\s@]+@/g, `$1${placeholder}@`],
];

/**
 * The text with everything in it that looks like a secret replaced.
 * @param secrets values known to be secret whatever they look like, such as a webhook secret.
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  let result = text;
  for (const secret of secrets) if (secret !== "") result = result.replaceAll(secret, placeholder);
  for (const [pattern, replacement] of patterns) result = result.replace(pattern, replacement);
  return result;
}
