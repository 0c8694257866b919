// Conditional requests: an ETag on every answer to a GET, and 304 for one that the client already has.
import { createHash } from "node:crypto";
import type { Context } from "hono";
import type { ApiEnv } from "./context.ts";

/** Sets the ETag; turns the answer into an empty 304 where `If-None-Match` names it, and says so. */
export async function answerConditionally(context: Context<ApiEnv>): Promise<boolean> {
  const isJson = context.res.headers.get("content-type")?.startsWith("application/json");
  if (context.req.method !== "GET" || context.res.status !== 200 || !isJson) return false;
  const body = await context.res.clone().arrayBuffer();
  const tag = `W/"${createHash("sha256").update(Buffer.from(body)).digest("hex")}"`;
  context.header("ETag", tag);
  context.header("Cache-Control", "private, max-age=60, s-maxage=60");
  const known = (context.req.header("if-none-match") ?? "").split(",").map((each) => each.trim().replace(/^W\//, ""));
  if (!known.includes(tag.slice(2))) return false;
  const headers = new Headers(context.res.headers);
  headers.delete("content-type");
  headers.delete("content-length");
  context.res = new Response(null, { status: 304, headers });
  return true;
}
