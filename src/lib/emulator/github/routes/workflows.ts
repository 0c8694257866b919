// The workflows of a repository, and starting one by hand.
import type { components } from "@octokit/openapi-types";
import type { Context, Hono } from "hono";
import { z } from "zod";
import { InputError } from "../../workflow/dispatch-inputs.ts";
import { actorOf, repositoryFor } from "../authentication.ts";
import { readBody } from "../body.ts";
import type { ApiEnv, GitHub } from "../context.ts";
import { assertRef, isNamed, startRun } from "../engine/start.ts";
import { notFound, unprocessable } from "../errors.ts";
import type { Repository, WorkflowFile } from "../model.ts";
import { page } from "../pagination.ts";
import { workflowResponse } from "../responses/actions.ts";
import { readWorkflow, workflowPaths } from "../working-tree.ts";

type Schemas = components["schemas"];

const dispatchBody = z.object({
  ref: z.string(),
  inputs: z.record(z.string(), z.unknown()).optional(),
  return_run_details: z.boolean().optional(),
});

async function filesOf({ store }: GitHub, repository: Repository): Promise<WorkflowFile[]> {
  const paths = await workflowPaths(repository.directory);
  return paths.map((path) => store.workflowFile(repository, path));
}

/** The workflow of a repository that the path names, by id or file name. @throws GitHubError 404 */
export async function workflowFor(
  github: GitHub,
  context: Context<ApiEnv>,
  repository: Repository,
): Promise<WorkflowFile> {
  const name = context.req.param("workflow") ?? "";
  const file = (await filesOf(github, repository)).find((each) => isNamed(each, name));
  if (!file) throw notFound();
  return file;
}

export function addWorkflowRoutes(api: Hono<ApiEnv>, github: GitHub): void {
  const { urls } = github;

  api.get("/repos/:owner/:repo/actions/workflows", async (context) => {
    const files = await filesOf(github, repositoryFor(github, context, { permission: "actions", level: "read" }));
    const named = page(context, files).map(async (file) => workflowResponse(file, await nameOf(file), urls));
    const workflows: Schemas["workflow"][] = await Promise.all(named);
    return context.json({ total_count: files.length, workflows });
  });

  api.get("/repos/:owner/:repo/actions/workflows/:workflow", async (context) => {
    const file = await workflowFor(
      github,
      context,
      repositoryFor(github, context, { permission: "actions", level: "read" }),
    );
    return context.json(workflowResponse(file, await nameOf(file), urls));
  });

  api.post("/repos/:owner/:repo/actions/workflows/:workflow/dispatches", async (context) => {
    const repository = repositoryFor(github, context, { permission: "actions", level: "write" });
    const file = await workflowFor(github, context, repository);
    const { ref, inputs, return_run_details: details } = await readBody(context, dispatchBody);
    await assertRef(repository, ref);
    const actor = actorOf(github, context);
    const run = await startRun(github, file, { repository, event: "workflow_dispatch", actor, ref, inputs }).catch(
      (error: unknown) => {
        throw error instanceof InputError ? unprocessable(error.message) : error;
      },
    );
    if (!run) throw unprocessable("Workflow does not have 'workflow_dispatch' trigger");
    if (!details) return context.body(null, 204);
    const path = `/${repository.owner.login}/${repository.name}/actions/runs/${run.id}`;
    const answer: Schemas["workflow-dispatch-response"] = {
      workflow_run_id: run.id,
      run_url: urls.api(`/repos${path}`),
      html_url: urls.web(path),
    };
    return context.json(answer);
  });
}

/** A file that cannot be parsed goes by its path, as on GitHub. */
function nameOf({ repository, path }: WorkflowFile): Promise<string> {
  return readWorkflow(repository.directory, path).then(
    (workflow) => workflow.name,
    () => path,
  );
}
