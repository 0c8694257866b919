// The runner inside a Sandbox: it starts, connects, waits for a job until its idle deadline, runs it, and exits.
import type { GitHubModel } from "./github.ts";
import type { ModalModel } from "./modal.ts";
import type { ModelJob, ModelSandbox, RunnerProcess } from "./observer.ts";
import type { World } from "./world.ts";

/** Starts what runs inside the Sandbox; it ends the Sandbox itself. */
export function startRunner(sandbox: ModelSandbox, world: World, github: GitHubModel, modal: ModalModel): void {
  const { clock, has, random } = world;
  const id = sandbox.registrationId;
  const idleMs = Number(sandbox.environment["MODAL_GHA_IDLE_TIMEOUT_SECONDS"]) * 1000;
  const startedAt = clock.now;
  let stopJob: ((conclusion: string) => void) | undefined;

  const exit = (why: string, afterMs: number) => clock.after(afterMs, () => modal.end(sandbox, why));
  sandbox.onEnd.push(() => {
    sandbox.running = undefined;
    github.disconnect(id);
  });

  const process: RunnerProcess = {
    sandbox,
    take(job: ModelJob) {
      sandbox.running = job;
      let isOver = false;
      stopJob = (conclusion) => {
        if (isOver || sandbox.endedAt !== undefined) return;
        isOver = true;
        sandbox.running = undefined;
        github.finishJob(id, conclusion);
        exit("its job is over", random.between(500, 4_000));
      };
      clock.after(job.plan.durationMs, () => stopJob?.("success"));
      if (has("dies-mid-job") && random.chance(0.05)) {
        clock.after(random.between(0, job.plan.durationMs), () => {
          if (!isOver) modal.end(sandbox, "it died during its job");
        });
      }
    },
    cancel() {
      clock.after(random.between(1_000, 8_000), () => stopJob?.("cancelled"));
    },
    registrationGone() {
      if (sandbox.running || stopJob) return;
      // Some runners do not notice (github.com/actions/runner/issues/4617); their idle deadline ends them.
      if (random.chance(0.8)) exit("its registration is gone", random.between(1_000, 60_000));
    },
  };

  if (has("dies-at-start") && random.chance(0.05)) {
    exit("it died at its start", random.between(0, 10_000));
    return;
  }
  const isDeaf = has("never-registers") && random.chance(0.03);
  if (!isDeaf || random.chance(0.7)) {
    clock.after(idleMs, () => {
      if (!stopJob) modal.end(sandbox, "no job came");
    });
  }
  if (isDeaf) return;
  clock.after(random.between(3_000, 15_000), () => {
    if (sandbox.endedAt !== undefined) return;
    if (!github.connect(id, process)) return exit("its registration is gone", random.between(500, 3_000));
    world.trace.add(clock.now, `${sandbox.view.runnerName} is online after ${(clock.now - startedAt) / 1000} s`, [
      sandbox.view.runnerName,
    ]);
    if (has("deprecated-runner") && random.chance(0.03)) {
      return exit("the runner's version is deprecated", random.between(500, 5_000));
    }
    github.listen(id);
  });
}
