// Makes runnable steps of what the job message holds, and of the hooks that the runner's administrator configured.
import type { ActionStep, TemplateToken } from "../runner-protocol.ts";
import { evaluateBoolean, evaluateMapping, evaluateNumber, evaluateText, type Scope } from "../workflow/expressions.ts";
import { runCheckout } from "./checkout-step.ts";
import { runHook, runScript } from "./script-step.ts";
import type { RunnableStep } from "./step-execution.ts";
import type { StepRecord } from "./step-record.ts";

function actionName(reference: ActionStep["reference"]): string {
  if (reference.type === "script") return "run";
  if (reference.type === "containerRegistry") return `docker://${reference.image}`;
  const path = reference.path ? (reference.name ? `/${reference.path}` : reference.path) : "";
  return `${reference.name}${path}${reference.ref ? `@${reference.ref}` : ""}`;
}

function scriptToken(step: ActionStep): TemplateToken | undefined {
  const { inputs } = step;
  if (inputs === null || typeof inputs !== "object" || inputs.type !== 2) return undefined;
  return inputs.map.find(({ Key }) => Key === "script" || (isLiteral(Key) && Key.lit === "script"))?.Value;
}

function isLiteral(token: TemplateToken): token is { type: 0; lit: string } {
  return token !== null && typeof token === "object" && token.type === 0;
}

/** `name:`, else `Run` and the first line of the script or the action's name. */
function displayName(step: ActionStep, scope: Scope): string {
  if (step.displayNameToken !== undefined) return evaluateText(step.displayNameToken, scope);
  if (step.reference.type !== "script") return `Run ${actionName(step.reference)}`;
  return `Run ${
    evaluateText(scriptToken(step), scope)
      .trimStart()
      .split(/[\r\n]/)[0]
  }`;
}

/** What the name looks like before its contexts have values. */
function rawName(step: ActionStep): string {
  const token = step.displayNameToken ?? scriptToken(step);
  const prefix = step.displayNameToken === undefined ? "Run " : "";
  if (token !== null && typeof token === "object" && token.type === 3) return `${prefix}\${{ ${token.expr} }}`;
  return step.name;
}

export function workflowStep(step: ActionStep, createRecord: (name: string, id?: string) => StepRecord): RunnableStep {
  const record = createRecord(rawName(step), step.id);
  record.kind = step.reference.type === "script" ? "run" : "node24";
  record.action = actionName(step.reference);
  return {
    record,
    contextName: step.contextName,
    condition: step.condition,
    updateName: (scope) => {
      try {
        record.rename(displayName(step, scope));
      } catch {
        // Its contexts may come with later steps, and a name never fails a step.
      }
    },
    environment: (scope) => evaluateMapping(step.environment, scope),
    timeoutMinutes: (scope) => evaluateNumber(step.timeoutInMinutes, scope, 0),
    continueOnError: (scope) => evaluateBoolean(step.continueOnError, scope, false),
    run: (execution) => {
      const { job } = execution;
      job.github.set("action", step.name);
      const inputs = evaluateMapping(step.inputs, execution.scope());
      const { reference } = step;
      if (reference.type === "script") {
        return runScript(execution, {
          contents: inputs.get("script") ?? "",
          shell: inputs.get("shell"),
          workingDirectory: inputs.get("workingDirectory"),
        });
      }
      if (reference.type === "repository" && !reference.path && reference.name.toLowerCase() === "actions/checkout") {
        return runCheckout(execution, actionName(reference), inputs);
      }
      throw new Error(
        `The stand-in runner runs only 'run:' steps and actions/checkout. The step '${record.name}' uses ` +
          `${actionName(reference)}, for which a real runner is needed.`,
      );
    },
  };
}

const hookNames = { started: "Set up runner", completed: "Complete runner" } as const;

/** @param path of the script; it must be absolute. */
export function hookStep(
  stage: keyof typeof hookNames,
  path: string,
  createRecord: (name: string, id?: string) => StepRecord,
): RunnableStep {
  const record = createRecord(hookNames[stage]);
  record.kind = "runner";
  record.action = hookNames[stage].toLowerCase().replace(" ", "_");
  return {
    record,
    condition: stage === "started" ? "success()" : "always()",
    updateName: () => {},
    environment: () => new Map(),
    timeoutMinutes: () => 0,
    continueOnError: () => false,
    run: (execution) => runHook(execution, stage, path),
  };
}
