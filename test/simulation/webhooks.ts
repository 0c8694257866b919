// GitHub's webhooks: sent to the controllers once each, if all goes well, and kept in a log from which they can be sent again.
import type { Job } from "../../src/lib/fleet/snapshot.ts";
import { outageOf, type World } from "./world.ts";

/** Who receives webhooks. */
export interface Receiver {
  /** @returns false when nobody is there to hear it. @param failed to be called should the answer never come */
  receive(job: Job, failed: () => void): boolean;
}

interface Delivery {
  job: Job;
  at: number;
}

export class Webhooks {
  readonly #world: World;
  readonly #receivers: Receiver[] = [];
  #failed: Delivery[] = [];
  sent = 0;

  constructor(world: World) {
    this.#world = world;
  }

  add(receiver: Receiver): void {
    this.#receivers.push(receiver);
  }

  emit(job: Job): void {
    const { clock, random, has } = this.#world;
    for (const receiver of this.#targets()) {
      this.sent++;
      const delivery = { job, at: clock.now };
      if (has("webhooks-lost") && random.chance(0.2)) {
        // Half of them are in GitHub's log, as failed; of the others GitHub itself knows nothing.
        if (random.chance(0.5)) this.#failed.push(delivery);
        continue;
      }
      this.#send(delivery, receiver, this.#delayMs());
      if (has("webhooks-doubled") && random.chance(0.2)) this.#send(delivery, receiver, random.between(500, 30_000));
    }
  }

  /** Sends again what failed since then. */
  redeliverFailed(since: number): number {
    const again = this.#failed.filter((delivery) => delivery.at >= since);
    this.#failed = [];
    for (const delivery of again) this.#send(delivery, this.#world.random.pick(this.#receivers), this.#delayMs());
    return again.length;
  }

  /** Two controllers are two containers behind one address, or two addresses: either may be told, or both. */
  #targets(): Receiver[] {
    const { random } = this.#world;
    return this.#receivers.length > 1 && random.chance(0.4) ? [random.pick(this.#receivers)] : this.#receivers;
  }

  #delayMs(): number {
    const { random, has } = this.#world;
    if (has("webhooks-late") && random.chance(0.1)) return random.between(60_000, 3 * 3_600_000);
    return has("webhooks-reordered") ? random.between(0, 120_000) : random.between(200, 1_500);
  }

  #send(delivery: Delivery, receiver: Receiver, delayMs: number): void {
    const { clock, trace } = this.#world;
    clock.after(delayMs, () => {
      const { job } = delivery;
      const isDown = outageOf(this.#world, "github") ?? outageOf(this.#world, "modal");
      // A delivery keeps its id and its time when it is sent again.
      const failed = () => void this.#failed.push({ ...delivery, at: clock.now });
      if (isDown || !receiver.receive(job, failed)) return failed();
      trace.add(clock.now, `webhook: job ${job.id} is ${job.status}`, [job.id]);
    });
  }
}
