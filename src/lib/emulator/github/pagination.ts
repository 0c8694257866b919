// Pages of a list, with the `Link` header that Octokit's paginate follows.
import type { Context } from "hono";
import type { ApiEnv } from "./context.ts";

const perPageDefault = 30;
const perPageLimit = 100;

/** The part of a list that `per_page` and `page` ask for; sets `Link` on the answer. */
export function page<T>(context: Context<ApiEnv>, items: readonly T[]): T[] {
  const size = perPage(context);
  const number = Math.max(1, Number.parseInt(context.req.query("page") ?? "", 10) || 1);
  const last = Math.max(1, Math.ceil(items.length / size));
  setLinks(context, "page", {
    ...(number > 1 && { prev: String(Math.min(number - 1, last)), first: "1" }),
    ...(number < last && { next: String(number + 1), last: String(last) }),
  });
  return items.slice((number - 1) * size, number * size);
}

/** `per_page`, at most 100 as on GitHub; 30 when it is absent or no number. */
export function perPage(context: Context<ApiEnv>): number {
  const asked = Number.parseInt(context.req.query("per_page") ?? "", 10);
  return asked >= 1 ? Math.min(asked, perPageLimit) : perPageDefault;
}

/** Sets `Link` to the request's own address with one query parameter changed per relation. */
export function setLinks(context: Context<ApiEnv>, parameter: string, relations: Record<string, string>): void {
  const links = Object.entries(relations).map(([relation, value]) => {
    const url = new URL(context.req.url);
    url.searchParams.set(parameter, value);
    return `<${url}>; rel="${relation}"`;
  });
  if (links.length > 0) context.header("Link", links.join(", "));
}
