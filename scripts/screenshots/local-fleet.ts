// A fleet on this machine, as `dev` starts it, for pictures; its services can be cut off from whoever looks at it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";

const root = join(import.meta.dirname, "..", "..");
export const program = [join(root, "node_modules", ".bin", "node"), join(root, "bin", "run.js")];
/** Has the policy under its usual name, so that what is shown names no folder of this machine. */
export const workingFolder = join(root, "scripts", "screens");

export interface LocalFleet {
  /** For those who look at it. */
  env: Readonly<Record<string, string>>;
  /** Starts a workflow of its repository. @throws Error when GitHub refuses */
  dispatch(workflow: string): Promise<void>;
  end(): Promise<void>;
}

export async function startFleet(): Promise<LocalFleet> {
  const [command = "", ...first] = program;
  const files = [join(workingFolder, "vision"), "--policy", join(workingFolder, "modal-gha.yaml")];
  const child = spawn(command, [...first, "dev", "--json", ...files], { stdio: ["ignore", "pipe", "ignore"] });
  let line = "";
  for await (const chunk of child.stdout.setEncoding("utf8")) {
    line += chunk;
    if (line.includes("\n")) break;
  }
  const { githubUrl, env } = JSON.parse(line) as { githubUrl: string; env: Record<string, string> };
  return {
    env,
    async dispatch(workflow) {
      const url = `${githubUrl}/repos/acme/vision/actions/workflows/${workflow}/dispatches`;
      const headers = { authorization: `Bearer ${env["GITHUB_TOKEN"]}` };
      const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify({ ref: "main" }) });
      if (!answer.ok) throw new Error(`${workflow} was not started: ${answer.status} ${await answer.text()}`);
    },
    async end() {
      child.kill("SIGINT");
      await once(child, "close");
    },
  };
}

export interface Line {
  /** Where the service is reached by way of this line. */
  url: string;
  cut(): void;
}

/** A line to a service that can be cut. @param url http, of this machine */
export async function openLine(url: string): Promise<Line> {
  const { hostname, port } = new URL(url);
  const ends = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const end of [near, far]) {
      ends.add(end);
      // The other end learns of it by its own close.
      end.on("error", () => undefined);
    }
    near.pipe(far).pipe(near);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("It listens on a port.");
  return {
    url: `http://127.0.0.1:${address.port}`,
    cut() {
      server.close();
      for (const end of ends) end.destroy();
    },
  };
}
