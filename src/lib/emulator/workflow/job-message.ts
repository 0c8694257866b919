// Builds the message by which a runner gets its job.
// Source of the shape: src/Sdk/DTPipelines/Pipelines/AgentJobRequestMessage.cs of actions/runner.
import type { AgentJobRequestMessage, ContextData, VariableValue } from "../runner-protocol.ts";
import type { DictionaryData } from "./context-data.ts";
import type { PlannedJob } from "./plan.ts";

export interface JobMessageData {
  /** GUID, one per run attempt. */
  planId: string;
  /** GUID, one per job. */
  jobId: string;
  requestId: number;
  /** GUID. */
  scopeIdentifier: string;
  /** Ends with a slash. */
  runServiceUrl: string;
  /** Ends with a slash. */
  resultsUrl: string;
  /** For the run and results services. */
  accessToken: string;
  /** What the job sees as `github.token` and `secrets.GITHUB_TOKEN`. */
  githubToken: string;
  /** ISO 8601. */
  lockedUntil: string;
  /** By name. */
  secrets: Record<string, string>;
  /** The github context; `job` is added to it, and the token by the runner. */
  github: DictionaryData;
  /** Gives a new GUID at each call, for the steps. */
  newId: () => string;
}

/**
 * The job message of a planned job. Steps, env, defaults and outputs go out unevaluated. Secrets are in the variables
 * alone, from which the runner makes the secrets context.
 */
export function buildJobMessage(planned: PlannedJob, data: JobMessageData): AgentJobRequestMessage {
  const { workflow, job } = planned;
  const variables = jobVariables(planned, data);
  const secretValues = Object.values(variables).flatMap(({ value, isSecret }) => (isSecret ? [value] : []));
  const environmentVariables = [workflow.env, job.env].filter((token) => token !== undefined);
  const defaults = [workflow.defaults, job.defaults].filter((token) => token !== undefined);
  return {
    messageType: "PipelineAgentJobRequest",
    plan: {
      scopeIdentifier: data.scopeIdentifier,
      planId: data.planId,
      planType: "actions",
      planGroup: "actions",
      version: 1,
    },
    timeline: { id: data.planId },
    jobId: data.jobId,
    jobDisplayName: planned.name,
    jobName: job.key,
    requestId: data.requestId,
    lockedUntil: data.lockedUntil,
    resources: {
      endpoints: [
        {
          name: "SystemVssConnection",
          url: data.runServiceUrl,
          authorization: { scheme: "OAuth", parameters: { AccessToken: data.accessToken } },
          data: { ResultsServiceUrl: data.resultsUrl },
        },
      ],
    },
    variables,
    mask: maskHints([...secretValues, data.accessToken]),
    steps: job.steps.map((step) => ({ ...step, id: data.newId() })),
    contextData: { github: withJob(data.github, job.key), ...planned.contexts },
    ...(environmentVariables.length > 0 && { environmentVariables }),
    ...(defaults.length > 0 && { defaults }),
    ...(job.outputs !== undefined && { jobOutputs: job.outputs }),
    fileTable: [workflow.path],
  };
}

/** The runner tells the secrets context from other variables by `isSecret`, leaving out `system.github.token` (src/Runner.Worker/Variables.cs). */
function jobVariables({ job }: PlannedJob, data: JobMessageData): Record<string, VariableValue> {
  const secrets = Object.entries(data.secrets).map(([name, value]) => [name, { value, isSecret: true }]);
  return {
    ...Object.fromEntries(secrets),
    github_token: { value: data.githubToken, isSecret: true },
    "system.github.token": { value: data.githubToken, isSecret: true },
    "system.github.job": { value: job.key },
    "system.github.results_endpoint": { value: data.resultsUrl },
  };
}

/** Every value, and every line of those with several, since output is masked line by line. */
function maskHints(values: string[]): AgentJobRequestMessage["mask"] {
  const texts = values.flatMap((value) => [value.trim(), ...value.split(/[\r\n]+/).map((line) => line.trim())]);
  return [...new Set(texts)]
    .filter((text) => text !== "")
    .map((text) => ({ type: "regex", value: text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&") }));
}

function withJob(github: DictionaryData, key: string): ContextData {
  return { t: 2, d: [...github.d.filter(({ k }) => k !== "job"), { k: "job", v: key }] };
}
