// From the `jobs:` of a workflow file to WorkflowJob: GitHub's converter gives needs, conditions and step ids and
// reports what is wrong; what it leaves out (defaults, timeouts, inputs of steps) is read from the tokens themselves.

import { handleTemplateTokenErrors } from "@actions/workflow-parser/model/converter/handle-errors";
import { convertJobs } from "@actions/workflow-parser/model/converter/jobs";
import type { WorkflowJob as ParsedJob, Step } from "@actions/workflow-parser/model/workflow-template";
import type { TemplateContext } from "@actions/workflow-parser/templates/template-context";
import type { MappingToken, TemplateToken as ParsedToken } from "@actions/workflow-parser/templates/tokens/index";
import type { ActionStep, TemplateToken } from "../runner-protocol.ts";
import { propertiesOf, toWireToken, wireProperty } from "./workflow-tokens.ts";
import type { WorkflowJob, WorkflowStep } from "./workflow-types.ts";

/** Converts the mapping under `jobs:`; what is wrong with it goes to the errors of the context. */
export function readJobs(context: TemplateContext, jobs: ParsedToken): WorkflowJob[] {
  const parsed = handleTemplateTokenErrors<ParsedJob[]>(jobs, context, [], () => convertJobs(context, jobs));
  // A job or step that could not be converted is missing from the result, and no later one may take its place.
  if (context.errors.count > 0) return [];
  const definitions = propertiesOf(jobs.assertMapping("jobs"));
  return parsed.map((job) => {
    const definition = definitions.get(job.id.value)?.assertMapping("job");
    if (!definition) throw new Error(`No definition of the job ${job.id.value}`);
    return readJob(context, job, definition);
  });
}

function readJob(context: TemplateContext, parsed: ParsedJob, definition: MappingToken): WorkflowJob {
  const properties = propertiesOf(definition);
  const steps = properties.get("steps");
  return {
    key: parsed.id.value,
    needs: (parsed.needs ?? []).map((need) => need.value),
    condition: parsed.if.expression,
    ...present({
      name: wireProperty(properties, "name"),
      runsOn: wireProperty(properties, "runs-on"),
      strategy: wireProperty(properties, "strategy"),
      env: wireProperty(properties, "env"),
      defaults: wireProperty(properties, "defaults"),
      outputs: wireProperty(properties, "outputs"),
      timeoutMinutes: wireProperty(properties, "timeout-minutes"),
      continueOnError: wireProperty(properties, "continue-on-error"),
    }),
    steps:
      parsed.type === "job" && steps
        ? Array.from(steps.assertSequence("steps"), (item, index) =>
            readStep(context, parsed.steps[index], item.assertMapping("step")),
          )
        : [],
    unsupported: (["container", "services", "uses"] as const).filter((key) => properties.has(key)),
  };
}

function readStep(context: TemplateContext, parsed: Step | undefined, definition: MappingToken): WorkflowStep {
  if (!parsed) throw new Error("A step was lost in conversion");
  const properties = propertiesOf(definition);
  const uses = properties.get("uses");
  return {
    type: "action",
    name: parsed.id,
    contextName: parsed.id,
    condition: parsed.if?.expression ?? "success()",
    reference: uses ? readReference(context, uses) : { type: "script" },
    ...present({
      displayNameToken: wireProperty(properties, "name"),
      continueOnError: wireProperty(properties, "continue-on-error"),
      timeoutInMinutes: wireProperty(properties, "timeout-minutes"),
      environment: wireProperty(properties, "env"),
      inputs: uses ? wireProperty(properties, "with") : scriptInputs(properties),
    }),
  };
}

/** Names of the inputs: src/Sdk/DTPipelines/Pipelines/PipelineConstants.cs, ScriptStepInputs. */
function scriptInputs(properties: Map<string, ParsedToken>): TemplateToken {
  const names = { run: "script", "working-directory": "workingDirectory", shell: "shell" };
  return {
    type: 2,
    map: Object.entries(names).flatMap(([property, input]) => {
      const value = properties.get(property);
      return value ? [{ Key: input, Value: toWireToken(value) }] : [];
    }),
  };
}

/** The forms of `uses:`, as ConvertToStep in PipelineTemplateConverter.cs reads them. */
function readReference(context: TemplateContext, token: ParsedToken): ActionStep["reference"] {
  const uses = token.toString();
  if (uses.startsWith("docker://")) return { type: "containerRegistry", image: uses.slice("docker://".length) };
  if (/^\.[\\/]/.test(uses)) return { type: "repository", name: "", ref: "", repositoryType: "self", path: uses };
  const [path = "", ref = "", ...rest] = uses.split("@");
  const [owner, repository, ...folders] = path.split(/[\\/]/).filter((segment) => segment !== "");
  if (!owner || !repository || !ref || rest.length > 0) {
    context.error(token, `Expected format {org}/{repo}[/path]@ref. Actual '${uses}'`);
  }
  return {
    type: "repository",
    name: `${owner}/${repository}`,
    ref,
    repositoryType: "GitHub",
    ...(folders.length > 0 && { path: folders.join("/") }),
  };
}

/** Without the members that are undefined, so that what the file leaves out is absent from the message too. */
function present<T extends object>(members: T): Partial<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Partial<T>;
}
