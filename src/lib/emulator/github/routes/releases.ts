// Releases of actions/runner, which anybody may read.
import type { Hono } from "hono";
import type { ApiEnv, GitHub } from "../context.ts";
import { notFound } from "../errors.ts";
import { runnerReleaseResponse } from "../responses/releases.ts";
import { runnerReleases } from "../responses/runners.ts";

export function addReleaseRoutes(api: Hono<ApiEnv>, { urls }: GitHub): void {
  api.get("/repos/actions/runner/releases/latest", (context) =>
    context.json(runnerReleaseResponse(runnerReleases[0], urls)),
  );
  api.get("/repos/actions/runner/releases/tags/:tag", (context) => {
    const release = runnerReleases.find(({ version }) => `v${version}` === context.req.param("tag"));
    if (!release) throw notFound();
    return context.json(runnerReleaseResponse(release, urls));
  });
}
