// Reads and checks the JSON body of a REST request, with GitHub's words for what is wrong with it.
import type { Context } from "hono";
import type { z } from "zod";
import { GitHubError, unprocessable } from "./errors.ts";

/** @throws GitHubError 400 when the body is no JSON object, 422 when it does not fit */
export async function readBody<T extends z.ZodType>(context: Context, schema: T): Promise<z.infer<T>> {
  const text = await context.req.text();
  let value: unknown;
  try {
    value = text === "" ? {} : JSON.parse(text);
  } catch {
    throw new GitHubError(400, "Problems parsing JSON");
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new GitHubError(400, "Body should be a JSON object");
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const body = value;
  const missing = result.error.issues
    .map((issue) => issue.path)
    .filter((path) => path.length === 1 && !(String(path[0]) in body));
  if (missing.length > 0) {
    const names = missing.map((path) => `"${String(path[0])}"`).join(", ");
    throw unprocessable(`Invalid request.\n\n${names} ${missing.length > 1 ? "weren't" : "wasn't"} supplied.`);
  }
  const faults = result.error.issues.map((issue) => `For 'properties/${issue.path.join("/")}', ${issue.message}.`);
  throw unprocessable(`Invalid request.\n\n${faults.join("\n")}`);
}
