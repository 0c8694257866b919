// Starts the real controller, from its bundle and with its settings in the environment, just as it runs in the cloud.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { markerVariable, type Reaper } from "../emulator/modal/start-reaper.ts";
import { packageFile } from "../package-root.ts";

/** One line of the controller's log. */
export type ControllerEvent = { at: string; event: string } & Record<string, unknown>;

export interface ControllerProcess {
  url: string;
  pid: number;
  /** Ends it and resolves when it has ended. */
  stop(): Promise<void>;
}

export interface ControllerOptions {
  environment: Record<string, string>;
  reaper: Reaper;
  onEvent(event: ControllerEvent): void;
  /** Told when it ends without having been stopped. */
  onDeath(message: string): void;
}

/** @throws Error with the controller's own words when it does not start */
export async function startController(options: ControllerOptions): Promise<ControllerProcess> {
  const child = spawn(process.execPath, [packageFile("dist", "controller", "main.js")], {
    // A Ctrl-C is for us; we stop the controller in our order.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], ...options.environment, [markerVariable]: options.reaper.marker },
  });
  await once(child, "spawn");
  const pid = child.pid as number;
  options.reaper.register(pid);
  const exited = once(child, "exit").then(() => options.reaper.unregister(pid));
  let isStopping = false;
  let lastWords = "";
  const listening = Promise.withResolvers<string>();
  // Waited for below; when the controller dies later on, there is nobody left to hear it here.
  listening.promise.catch(() => undefined);

  createInterface({ input: child.stderr }).on("line", (line) => {
    // The first line that names an error; what follows is where, and which Node.
    if (lastWords === "" && /error/i.test(line)) lastWords = line.trim();
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    const event = readEvent(line);
    if (!event) return;
    if (event.event === "listening") listening.resolve(`http://${event["host"]}:${event["port"]}`);
    if (event.event === "fatal") lastWords = String(event["message"]);
    options.onEvent(event);
  });
  void exited.then(() => {
    const message = `The controller ended: ${lastWords || "without a word"}`;
    listening.reject(new Error(message));
    if (!isStopping) options.onDeath(message);
  });
  const url = await listening.promise;
  return {
    url,
    pid,
    async stop() {
      isStopping = true;
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 3_000);
      await exited;
      clearTimeout(timer);
    },
  };
}

function readEvent(line: string): ControllerEvent | undefined {
  try {
    return JSON.parse(line) as ControllerEvent;
  } catch {
    return undefined;
  }
}
