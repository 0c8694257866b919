// Reads a request's body up to a limit, and no byte further.
import type { IncomingMessage } from "node:http";

/** The body, or "too-large" as soon as that is known: by its announced length, or by what has come. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | "too-large"> {
  if (Number(request.headers["content-length"] ?? 0) > limit) return "too-large";
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop must not end the connection, on which the answer is still to be sent.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) return "too-large";
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
