// The wire between a runner and GitHub's own runner services, as actions/runner speaks it with UseV2Flow.
// Both sides of the emulator use these shapes: the GitHub emulator serves them, the stand-in runner calls them.
// Source: actions/runner at 258d6c8 (src/Sdk/WebApi/WebApi/BrokerHttpClient.cs, src/Sdk/RSWebApi, src/Sdk/DTPipelines,
// src/Runner.Listener/Runner.cs); names and casing are those of the JSON on the wire.

/** Decoded `encoded_jit_config`: base64 of JSON whose keys are file names in the runner's root and whose values are base64 file contents. */
export interface JitConfigFiles {
  ".runner": string;
  ".credentials": string;
  ".credentials_rsaparams": string;
}

/** `.runner`: every value is a string, booleans as "True" and "False". */
export interface RunnerSettings {
  AgentId: string;
  AgentName: string;
  PoolId: string;
  PoolName: string;
  /** Empty: makes the runner skip the legacy connectionData handshake. */
  ServerUrl: string;
  /** Web address of the organisation or repository, for people. */
  GitHubUrl: string;
  WorkFolder: string;
  Ephemeral: "True";
  DisableUpdate: "True";
  UseV2Flow: "True";
  /** Base address of the broker; ends with a slash, since `session`, `message` and `acknowledge` are resolved against it. */
  ServerUrlV2: string;
}

/** `.credentials`. */
export interface RunnerCredentials {
  Scheme: "OAuth";
  Data: { ClientId: string; AuthorizationUrl: string; RequireFipsCryptography: "True" | "False" };
}

/** `.credentials_rsaparams`: an RSA private key, each number base64, big endian. */
export interface RunnerRsaParameters {
  exponent: string;
  modulus: string;
  d: string;
  p: string;
  q: string;
  dp: string;
  dq: string;
  inverseQ: string;
}

/** POST AuthorizationUrl (form: grant_type=client_credentials, client_assertion_type, client_assertion = signed JWT). */
export interface OAuthTokenResponse {
  access_token: string;
  token_type: string;
  /** Seconds. */
  expires_in: number;
}

/** POST {ServerUrlV2}session: request and reply. 409 while another session of the runner is open. DELETE {ServerUrlV2}session ends it. */
export interface RunnerSession {
  sessionId: string;
  ownerName: string;
  agent: { id: number; name: string; version: string; osDescription: string; ephemeral: boolean };
}

/** GET {ServerUrlV2}message?sessionId&status=Online|Busy&runnerVersion&os&architecture&disableUpdate: long poll, 50 s; 202 with no body when there is nothing. */
export interface BrokerMessage {
  messageId: number;
  messageType: "RunnerJobRequest" | "JobCancellation";
  /** JSON text: a RunnerJobRequest or a JobCancellation. */
  body: string;
}

export interface RunnerJobRequest {
  runner_request_id: string;
  /** Base address of the run service; ends with a slash. */
  run_service_url: string;
  billing_owner_id: string;
  should_acknowledge: boolean;
}

export interface JobCancellation {
  jobId: string;
  /** .NET TimeSpan, "00:05:00": how long the job may take to wind up. */
  timeout: string;
}

/** Error body of the broker (source "actions-broker-listener"). */
export interface BrokerError {
  source: "actions-broker-listener";
  errorKind: "RunnerNotFound" | "RunnerVersionTooOld" | "RunnerSessionInvalid" | "AcknowledgeJobNotFound";
  statusCode: number;
  errorMessage: string;
}

/** Error body of the run service; 404 job gone, 409 taken by another runner, 422 cannot be run. */
export interface RunServiceError {
  source: "actions-run-service";
  statusCode: number;
  errorMessage: string;
}

/** POST {ServerUrlV2}acknowledge?sessionId&status&…: */
export interface AcknowledgeRequest {
  runnerRequestId: string;
}

/** POST {run_service_url}acquirejob: the reply is an AgentJobRequestMessage. */
export interface AcquireJobRequest {
  jobMessageId: string;
  runnerOS: string;
  billingOwnerId: string;
}

/** POST {run_service_url}renewjob, every 60 s. */
export interface RenewJobRequest {
  planId: string;
  jobId: string;
}

export interface RenewJobResponse {
  /** ISO 8601. */
  lockedUntil: string;
}

/** Casing of TaskResult as the runner writes it. */
export type TaskResult = "succeeded" | "succeededWithIssues" | "failed" | "canceled" | "skipped" | "abandoned";

/** POST {run_service_url}completejob. */
export interface CompleteJobRequest {
  planId: string;
  jobId: string;
  conclusion: TaskResult;
  outputs: Record<string, VariableValue>;
  stepResults: StepResult[];
  annotations: Annotation[];
  billingOwnerId: string;
}

export interface StepResult {
  external_id: string;
  number: number;
  name: string;
  action_name?: string;
  type?: string;
  status: "pending" | "inProgress" | "completed";
  conclusion: TaskResult | null;
  started_at?: string;
  completed_at?: string;
  annotations: Annotation[];
}

export interface Annotation {
  level: "NOTICE" | "WARNING" | "FAILURE";
  message: string;
  path?: string;
  startLine?: number;
  title?: string;
}

export interface VariableValue {
  value: string;
  isSecret?: boolean;
}

/**
 * A piece of the workflow file, expressions unevaluated, in the JSON of TemplateTokenJsonConverter.cs:
 * a literal stands for itself; {type:1,seq}, {type:2,map:[{Key,Value}]}, {type:3,expr} (an expression without `${{ }}`).
 */
export type TemplateToken =
  | string
  | number
  | boolean
  | null
  | { type: 0; lit: string }
  | { type: 1; seq: TemplateToken[] }
  | { type: 2; map: { Key: TemplateToken; Value: TemplateToken }[] }
  | { type: 3; expr: string }
  | { type: 4; directive: "insert" }
  | { type: 5; bool: boolean }
  | { type: 6; num: number }
  | { type: 7 };

/** A context value, in the JSON of PipelineContextDataJsonConverter.cs: literals stand for themselves; {t:1,a} array, {t:2,d:[{k,v}]} dictionary. */
export type ContextData =
  | string
  | number
  | boolean
  | null
  | { t: 1; a: ContextData[] }
  | { t: 2; d: { k: string; v: ContextData }[] };

export interface ActionStep {
  type: "action";
  /** GUID; the `external_id` of its StepResult and the `step_backend_id` of its logs. */
  id: string;
  name: string;
  /** The step's `id:` in the workflow file, or a generated one such as `__run`. */
  contextName: string;
  displayNameToken?: TemplateToken;
  /** The `if:` text as an expression; `success()` when the file says none. A condition without a status function was wrapped as `success() && (…)`. */
  condition: string;
  continueOnError?: TemplateToken;
  timeoutInMinutes?: TemplateToken;
  /** A mapping: the step's `env:`. */
  environment?: TemplateToken;
  /** A mapping: `with:` for actions; for scripts `script`, `shell`, `workingDirectory`. */
  inputs?: TemplateToken;
  reference:
    | { type: "script" }
    | { type: "repository"; name: string; ref: string; repositoryType: "GitHub" | "self"; path?: string }
    | { type: "containerRegistry"; image: string };
}

/** The job, as acquirejob answers it. */
export interface AgentJobRequestMessage {
  messageType: "PipelineAgentJobRequest";
  /** planId is the `workflow_run_backend_id` of the results service. */
  plan: { scopeIdentifier: string; planId: string; planType: "actions"; planGroup: "actions"; version: number };
  timeline: { id: string };
  /** GUID; the `workflow_job_run_backend_id` of the results service. */
  jobId: string;
  jobDisplayName: string;
  /** The job's key in the workflow file. */
  jobName: string;
  requestId: number;
  lockedUntil: string;
  resources: {
    endpoints: {
      name: "SystemVssConnection";
      /** Base address of the run service. */
      url: string;
      authorization: { scheme: "OAuth"; parameters: { AccessToken: string } };
      /** `ResultsServiceUrl`: base of the twirp services below; ends with a slash. */
      data: { ResultsServiceUrl: string };
    }[];
  };
  /** `system.github.token` (secret), `system.github.results_endpoint`, and every secret of the job by its name. */
  variables: Record<string, VariableValue>;
  /** Values to be masked: `value` is a regular expression. */
  mask: { type: "regex"; value: string }[];
  steps: ActionStep[];
  /** github, matrix, strategy, needs, vars, inputs; a dictionary each. */
  contextData: Record<string, ContextData>;
  /** Workflow `env:` then job `env:`; mappings; later ones win. */
  environmentVariables?: TemplateToken[];
  /** `defaults:` of workflow then job. */
  defaults?: TemplateToken[];
  /** A mapping: the job's `outputs:`. */
  jobOutputs?: TemplateToken;
  fileTable: string[];
}

// The results service: JSON over twirp, `POST {ResultsServiceUrl}twirp/{service}/{method}`, snake case.
// `results.services.receiver.Receiver`: GetStepLogsSignedBlobURL -> CreateStepLogsMetadata, GetJobLogsSignedBlobURL ->
// CreateJobLogsMetadata, GetStepSummarySignedBlobURL -> CreateStepSummaryMetadata: ask for an address, PUT the text there, report it.
// `github.actions.results.api.v1.WorkflowStepUpdateService`: WorkflowStepsUpdate.
// Source: src/Sdk/WebApi/WebApi/{ResultsHttpClient,Contracts}.cs.

export interface SignedUrlRequest {
  workflow_run_backend_id: string;
  workflow_job_run_backend_id: string;
  /** Absent for the job's log. */
  step_backend_id?: string;
}

export interface SignedUrlResponse {
  /** For logs. */
  logs_url?: string;
  /** For step summaries. */
  summary_url?: string;
  blob_storage_type: "BLOB_STORAGE_TYPE_UNSPECIFIED";
  soft_size_limit?: number;
}

export interface LogsMetadataRequest extends SignedUrlRequest {
  uploaded_at: string;
  line_count?: number;
  size?: number;
}

export interface MetadataResponse {
  ok: boolean;
}

export const stepStatus = { inProgress: 3, pending: 5, completed: 6 } as const;
export const stepConclusion = { unknown: 0, success: 2, failure: 3, cancelled: 4, skipped: 7 } as const;

export interface StepsUpdateRequest {
  workflow_run_backend_id: string;
  workflow_job_run_backend_id: string;
  /** Grows with each update; an older one is ignored. */
  change_order: number;
  steps: {
    external_id: string;
    number: number;
    name: string;
    status: (typeof stepStatus)[keyof typeof stepStatus];
    started_at: string;
    completed_at: string;
    conclusion: (typeof stepConclusion)[keyof typeof stepConclusion];
  }[];
}
