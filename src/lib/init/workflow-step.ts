// A first workflow for the fleet: shown, or written into the repository that the command runs in.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Policy } from "../policy/schema.ts";
import type { Told } from "./progress.ts";

const path = join(".github", "workflows", "modal-gha.yml");

/** One job for each pool, started by hand. */
export function sampleWorkflow({ pools }: Pick<Policy, "pools">): string {
  const jobs = pools.map(({ name, labels, gpu, runtime }) => {
    const look = gpu ? "nvidia-smi" : runtime === "vm" ? "docker run --rm hello-world" : "nproc && free -g";
    return `  ${name}:
    runs-on: [self-hosted, ${labels.map((label) => JSON.stringify(label)).join(", ")}]
    steps:
      - run: echo "Hello from $RUNNER_NAME"
      - run: ${look}
`;
  });
  return `name: modal-gha
on: workflow_dispatch
jobs:
${jobs.join("")}`;
}

export interface WorkflowStep extends Told {
  text: string;
}

/** @param folder where to write it; undefined only shows it. A file that is there is left as it is. */
export async function workflowStep(policy: Policy, folder: string | undefined): Promise<WorkflowStep> {
  const text = sampleWorkflow(policy);
  if (folder === undefined)
    return { text, state: "skipped", detail: "--write-workflow writes one into this repository" };
  const file = join(folder, path);
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text, { flag: "wx" });
    return { text, state: "made", detail: `${file}: commit and push it` };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const isSame = (await readFile(file, "utf8")) === text;
    return { text, state: "unchanged", detail: isSame ? file : `${file}, which is another; it is left as it is` };
  }
}
