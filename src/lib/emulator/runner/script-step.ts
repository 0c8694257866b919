// `run:` steps, and the job hooks, which are scripts without a workflow: prints the header that the runner prints, runs
// the script, and reads what it set (src/Runner.Worker/Handlers/ScriptHandler.cs, JobHookProvider.cs).
import { randomUUID } from "node:crypto";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { runChild } from "./child.ts";
import { stepEnvironment, stepPath } from "./environment.ts";
import { FileCommands } from "./file-commands.ts";
import { resolveShell, type Shell, shellArguments } from "./shell.ts";
import type { StepExecution } from "./step-execution.ts";

export interface Script {
  contents: string;
  shell: string | undefined;
  workingDirectory: string | undefined;
}

function printHeader(step: StepExecution, title: string, lines: readonly string[], shell: Shell): void {
  const { record } = step;
  record.output(`##[group]Run ${title}`);
  // Bright cyan, as GitHub shows the script.
  for (const line of lines) record.output(`\u001b[36;1m${line}\u001b[0m`);
  record.output(`shell: ${shell.path} ${shell.format}`);
  if (step.env.size > 0) record.output("env:");
  for (const [name, value] of step.env) record.output(`  ${name}: ${value}`);
  record.output("##[endgroup]");
}

async function execute(step: StepExecution, shell: Shell, script: string, directory: string): Promise<boolean> {
  const { record, commands } = step;
  const code = await runChild({
    file: shell.path,
    args: shellArguments(shell, script),
    directory,
    environment: stepEnvironment(step),
    signal: step.signal,
    onLine: (line) => {
      if (!commands.process(line, step)) record.output(line);
    },
  });
  if (code !== 0) record.error(`Process completed with exit code ${code}.`);
  return code === 0;
}

/** Runs a step's script from a file in the temporary folder. @returns whether it ended with 0. */
export async function runScript(step: StepExecution, script: Script): Promise<boolean> {
  const { job } = step;
  job.writeEvent();
  const files = new FileCommands(step);
  const lines = script.contents.replaceAll("\r\n", "\n").replace(/\n+$/, "").split("\n");
  const shell = resolveShell(script.shell || job.defaults.shell, stepPath(step));
  printHeader(step, script.contents.trimStart().split(/[\r\n]/)[0]!, lines, shell);
  const path = join(job.temporary, `${randomUUID()}${shell.extension}`);
  writeFileSync(path, script.contents);
  const directory = resolve(job.workspace, script.workingDirectory ?? job.defaults.workingDirectory ?? "");
  // spawn would blame the shell for a folder that is not there.
  if (!existsSync(directory) || !statSync(directory).isDirectory()) {
    throw new Error(
      `An error occurred trying to start process '${shell.path}' with working directory '${directory}'. No such file or directory`,
    );
  }
  try {
    return await execute(step, shell, path, directory);
  } finally {
    files.apply(step);
  }
}

/** Runs an administrator's hook in place. @returns whether it ended with 0; throws when it is not there. */
export async function runHook(step: StepExecution, stage: "started" | "completed", path: string): Promise<boolean> {
  const { job, record } = step;
  record.output(`A job ${stage} hook has been configured by the self-hosted runner administrator`);
  if (!existsSync(path)) throw new Error("File doesn't exist");
  job.writeEvent();
  const found = resolveShell(undefined, stepPath(step));
  printHeader(step, `'${path}'`, [], found);
  const files = new FileCommands(step);
  try {
    return await execute(step, found, path, job.workspace);
  } finally {
    files.apply(step);
  }
}
