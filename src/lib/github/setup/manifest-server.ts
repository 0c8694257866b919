// The one-shot server on loopback to which GitHub sends the browser back with the code for a new App.
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Page, renderPage, strangerPage } from "./manifest-pages.ts";
import { SetupError } from "./setup-error.ts";

export interface ManifestServerOptions {
  /** 0 for any that is free. */
  port: number;
  /** What the callback must bring back. */
  state: string;
  /** The page at `/`. @param redirectUrl where GitHub is to send the browser */
  start(redirectUrl: string): Page;
  /** Where the start page's form is sent, for its content security policy. */
  formOrigin: string;
  /** Called once, for the first callback with the right state; the page is shown to whoever comes with it. */
  onCode(code: string): Promise<Page>;
}

export interface ManifestServer {
  /** `http://127.0.0.1:PORT/` */
  url: string;
  /** Ends the server once answers under way are out. */
  close(): Promise<void>;
}

/** Names under which a browser on this machine comes; any other is a stranger's page that had its name point here. */
const ownNames = ["127.0.0.1", "localhost"];
/** So long a browser may take to fetch the last page. */
const lingerMs = 2_000;

/** @throws SetupError (port-in-use, port-refused) */
export async function startManifestServer(options: ManifestServerOptions): Promise<ManifestServer> {
  const answering = new Set<Promise<unknown>>();
  let taken: Promise<Page> | undefined;

  async function pageFor(request: IncomingMessage): Promise<[status: number, page: Page]> {
    const url = new URL(request.url ?? "/", origin);
    if (request.method !== "GET") return [405, strangerPage()];
    if (!ownNames.includes(hostOf(request))) return [403, strangerPage()];
    if (url.pathname === "/") return [200, options.start(`${origin}/callback`)];
    if (url.pathname !== "/callback") return [404, strangerPage()];
    const code = url.searchParams.get("code");
    if (!isSame(url.searchParams.get("state") ?? "", options.state) || !code) return [400, strangerPage()];
    // A page that is loaded again shows the same: the code is good for once.
    taken ??= options.onCode(code);
    return [200, await taken];
  }

  const server = createServer((request, response) => {
    const over = once(response, "close");
    answering.add(over);
    over.finally(() => answering.delete(over));
    pageFor(request).then(
      ([status, page]) => send(response, status, page, options.formOrigin),
      () => response.destroy(),
    );
  });
  await listen(server, options.port);
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url: `${origin}/`,
    async close() {
      server.close();
      const closed = once(server, "close");
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise((resolve) => {
        timer = setTimeout(resolve, lingerMs);
      });
      await Promise.race([Promise.allSettled(answering), late]);
      clearTimeout(timer);
      // Browsers keep connections open on which nothing was ever asked.
      server.closeAllConnections();
      await closed;
    },
  };
}

function hostOf(request: IncomingMessage): string {
  return (request.headers.host ?? "").replace(/:\d+$/, "");
}

/** In a time that tells nothing of where they differ. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

function send(response: ServerResponse, status: number, page: Page, formOrigin: string): void {
  const nonce = randomBytes(16).toString("base64");
  // Chromium holds redirects after a form to form-action, too: a sign-in elsewhere may lie between, always by https.
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    ...(page.script === undefined ? [] : [`script-src 'nonce-${nonce}'`]),
    `form-action ${formOrigin} https:`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ];
  response.writeHead(status, {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": policy.join("; "),
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    connection: "close",
  });
  response.end(renderPage(page, nonce));
}

async function listen(server: Server, port: number): Promise<void> {
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") {
      throw new SetupError("port-in-use", `Port ${port} on this machine is in use.`, {
        why: "Another program listens there, perhaps an earlier try that still waits.",
        nextSteps: ["End that program, or take another port: --port <port>. Without it, any free one is taken."],
        cause,
      });
    }
    throw new SetupError("port-refused", `We may not listen on port ${port} of this machine.`, {
      why: message,
      nextSteps: ["Take a port above 1023: --port <port>. Without it, any free one is taken."],
      cause,
    });
  }
}
