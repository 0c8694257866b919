// When a scheduled Function runs: modal.Cron by its expression, modal.Period from the deploy on.
import { Cron } from "croner";

interface Schedule {
  cron?: { cronString: string; timezone: string } | undefined;
  period?:
    | { years: number; months: number; weeks: number; days: number; hours: number; minutes: number; seconds: number }
    | undefined;
}

const day = 86_400;

/** Calls `run` whenever it is time, until the returned function is called. */
export function startSchedule({ cron, period }: Schedule, run: () => unknown): () => void {
  if (cron) {
    const job = new Cron(cron.cronString, { timezone: cron.timezone || "UTC", unref: true }, () => void run());
    return () => job.stop();
  }
  if (!period) return () => {};
  const { years, months, weeks, days, hours, minutes, seconds } = period;
  const total = (years * 365 + months * 30 + weeks * 7 + days) * day + hours * 3600 + minutes * 60 + seconds;
  const timer = setInterval(() => void run(), total * 1000).unref();
  return () => clearInterval(timer);
}
