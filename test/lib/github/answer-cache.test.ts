import { expect, it } from "vitest";
import { AnswerCache } from "../../../src/lib/github/answer-cache.ts";

const answer = (etag: string, size = 10) => ({ headers: { etag }, data: { text: "x".repeat(size) } });

it("hands out copies, since Octokit changes what it is given", () => {
  const cache = new AnswerCache();
  cache.keep("/a", { headers: { etag: "1" }, data: { runners: [{ id: 2n ** 60n }] } });
  const first = cache.find("/a")!.copy().data as { runners: unknown[] };
  first.runners.push("changed");
  expect(cache.find("/a")!.copy().data).toEqual({ runners: [{ id: 2n ** 60n }] });
});

it("drops what was not used for longest when there is too much", () => {
  const cache = new AnswerCache(4_000);
  for (const url of ["/a", "/b", "/c"]) cache.keep(url, answer(url, 950));
  cache.find("/a");
  for (const url of ["/d", "/e"]) cache.keep(url, answer(url, 950));
  expect(["/a", "/b", "/c", "/d", "/e"].filter((url) => cache.find(url))).toEqual(["/a", "/c", "/d", "/e"]);
  cache.keep("/huge", answer("/huge", 2_000));
  expect(cache.find("/huge")).toBeUndefined();
  expect(cache.find("/a")).toBeDefined();
});

it("forgets an address that no longer has an ETag", () => {
  const cache = new AnswerCache();
  cache.keep("/a", answer("1"));
  cache.keep("/a", { headers: {}, data: {} });
  expect(cache.find("/a")).toBeUndefined();
});
