// The pages of github.com that the setup of a GitHub App goes through in a browser.
import { Hono } from "hono";
import type { GitHub } from "./context.ts";
import { GitHubError } from "./errors.ts";
import { addManifestPages } from "./routes/manifest.ts";

export function webPages(github: GitHub): Hono {
  const web = new Hono();
  addManifestPages(web, github);
  web.onError((error, context) => {
    if (error instanceof GitHubError && error.status === 404) return context.notFound();
    github.log(error.stack ?? String(error));
    return context.text("Internal Server Error", 500);
  });
  return web;
}
