// The controller's log lines, as a person reads them.
import type { Colours } from "../cli/colours.ts";
import type { ControllerEvent } from "./controller-process.ts";

/** One line for an event; undefined for what only a program wants to know. */
export function renderControllerEvent(event: ControllerEvent, colours: Colours): string | undefined {
  const time = colours.dim(String(event.at).slice(11, 19));
  const text = (name: string) => String(event[name] ?? "");
  switch (event.event) {
    case "heard":
      return `${time} ${colours.dim(`heard   job ${text("job")} of ${text("repository")} is ${text("status")}`)}`;
    case "decision": {
      const paint = text("reason").startsWith("defer:") ? colours.yellow : colours.bold;
      return `${time} ${paint(text("reason").padEnd(7))} ${text("detail")}`;
    }
    case "refused":
      return `${time} ${colours.yellow(`refused a delivery with ${text("status")}`)} ${text("message")}`;
    case "error":
    case "fatal":
      return `${time} ${colours.red("error  ")} ${text("message")}`;
    default:
      return undefined;
  }
}
