// `npm run demo` and `npm run dev`: when npm is killed, nothing tells the program that it started. This does.

/** How often to look. */
const everyMs = 1_000;

/**
 * Calls back once when the npm that runs this program is gone. Started in any other way, a program may outlive its
 * parent, and nothing is watched.
 */
export function onNpmGone(env: Readonly<Record<string, string | undefined>>, gone: () => void): () => void {
  if (env["npm_lifecycle_event"] === undefined) return () => undefined;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    gone();
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
