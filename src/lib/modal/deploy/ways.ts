// The ways to run Modal's Python client, in order: the operator's own, one that uvx fetches, one inside a Sandbox.
import type { ModalClient } from "modal";
import { type ClientProgram, type Environment, findModal, findUvx, type Via } from "./client-program.ts";
import { DeployError } from "./errors.ts";
import { type DeployRun, deployFromHere } from "./own-program.ts";

export interface WayOptions {
  client: ModalClient;
  fleet: string;
  /** The one way to take; where absent, the first that there is. */
  via: Via | undefined;
  /** Where programs are looked for, and what they are given. */
  env: Environment;
  run: DeployRun;
  say(line: string): void;
}

const finders: readonly [Via, (env: Environment) => Promise<ClientProgram | string>][] = [
  ["modal", findModal],
  ["uvx", findUvx],
];

/** @throws DeployError when there is no way, or the one that there is fails; the signal's reason */
export async function deploySomehow({ client, fleet, via, env, run, say }: WayOptions): Promise<Via> {
  const missing: string[] = [];
  for (const [name, find] of finders) {
    if (via !== undefined && via !== name) continue;
    const program = await find(env);
    run.signal?.throwIfAborted();
    if (typeof program === "string") missing.push(program);
    else {
      say(`Deploying with ${program.description}`);
      return done(name, await deployFromHere(program, env, run));
    }
  }
  if (via === "modal" || via === "uvx") {
    throw new DeployError("no-client", `The controller cannot be deployed with ${via}: ${missing.join(", ")}.`, {
      nextSteps: [
        via === "modal" ? "pip install modal" : "pip install uv",
        "Or by whatever way there is: modal-gha deploy",
      ],
    });
  }
  say(`Deploying from inside a Sandbox${missing.length > 0 ? `, since ${missing.join(", and ")}` : ""}`);
  const { deployFromSandbox } = await import("./own-sandbox.ts");
  try {
    return done("sandbox", await deployFromSandbox({ ...run, client, fleet }));
  } catch (error) {
    if (run.signal?.aborted || error instanceof DeployError) throw error;
    const here = missing.length > 0 ? `Here ${missing.join(", and ")}. ` : "";
    throw new DeployError("no-client", "The controller cannot be deployed from inside a Sandbox.", {
      why: `${here}Modal said: ${(error as Error).message}`,
      nextSteps: ["pip install modal", "modal-gha deploy"],
      cause: error,
    });
  }
}

function done(via: Via, code: number): Via {
  if (code === 0) return via;
  throw new DeployError("deploy-failed", `Modal's client could not deploy the controller; it ended with ${code}.`, {
    nextSteps: ["modal-gha deploy"],
  });
}
