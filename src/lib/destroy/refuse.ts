// Says which jobs destroying the fleet now would hit.
import { AbortError } from "../cli/errors.ts";
import type { DestroyAccess } from "./open.ts";
import { describeBusy } from "./render.ts";
import type { BusyRunner } from "./things.ts";

/** So many jobs are looked up by name. */
const mostNamed = 20;

/** The refusal, with the name of each job where GitHub tells it. */
export async function busyRefusal(access: DestroyAccess, busy: readonly BusyRunner[]): Promise<AbortError> {
  const port = access.github?.port;
  const lines = busy.map(async (each, index) => {
    const known = index < mostNamed ? await port?.job(each.repository, each.job).catch(() => undefined) : undefined;
    return describeBusy(each, known?.name);
  });
  const { fleet } = access.policy;
  const count = busy.length === 1 ? "1 job runs" : `${busy.length} jobs run`;
  const possible = busy.length === 1 ? "1 runner may have a job" : `${busy.length} runners may have jobs`;
  const what = access.github
    ? `${count} on fleet ${fleet}`
    : `${possible} on fleet ${fleet}, which only GitHub knows and --modal-only does not ask`;
  return new AbortError(`${what}, so nothing was removed.`, {
    code: "busy",
    why: (await Promise.all(lines)).join("\n  "),
    nextSteps: [
      "modal-gha destroy --drain    waits until they have ended; nothing new is started",
      "modal-gha destroy --force    kills them: these jobs fail",
    ].map((step) => (access.github ? step : step.replace("destroy", "destroy --modal-only"))),
  });
}
