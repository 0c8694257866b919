// Says which jobs destroying the fleet now would hit.
import { AbortError } from "../cli/errors.ts";
import { plainText } from "../cli/text.ts";
import type { DestroyAccess } from "./open.ts";
import type { BusyRunner } from "./things.ts";

/** So many jobs are looked up by name. */
const mostNamed = 20;

/** The refusal, with the name of each job where GitHub tells it. */
export async function busyRefusal(access: DestroyAccess, busy: readonly BusyRunner[]): Promise<AbortError> {
  const port = access.github?.port;
  const lines = busy.map(async ({ job, repository, runner }, index) => {
    const known = index < mostNamed ? await port?.job(repository, job).catch(() => undefined) : undefined;
    return `job ${job}${known ? ` (${plainText(known.name)})` : ""} of ${plainText(repository)} on ${runner}`;
  });
  const count = busy.length === 1 ? "1 job runs" : `${busy.length} jobs run`;
  return new AbortError(`${count} on fleet ${access.policy.fleet}, so nothing was removed.`, {
    code: "busy",
    why: (await Promise.all(lines)).join("\n  "),
    nextSteps: [
      "modal-gha destroy --drain    waits until they have ended; nothing new is started",
      "modal-gha destroy --force    kills them: these jobs fail",
    ],
  });
}
