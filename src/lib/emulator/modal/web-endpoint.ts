// The web endpoint of a Function: an address on loopback that stays the same from deploy to deploy. A request starts a
// container if none runs, waits for it, and is passed on to the port that its web server listens on.
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import type { FunctionContainer } from "./function-container.ts";

export interface WebSettings {
  /** Makes a container, which is not started yet. */
  create(): FunctionContainer;
  minContainers: number;
  /** Milliseconds without a request after which a container ends that need not be there. */
  scaledownMs: number;
}

/** A container and what is under way in it. */
interface Instance {
  container: FunctionContainer;
  ready: Promise<void>;
  requests: number;
  /** Of an earlier deploy: it gets no more requests, and ends with the last one. */
  isOld: boolean;
  idle: NodeJS.Timeout | undefined;
}

export class WebEndpoint {
  readonly #server: Server;
  readonly #log: (line: string) => void;
  #settings: WebSettings | undefined;
  readonly #instances = new Set<Instance>();
  url = "";

  constructor(log: (line: string) => void) {
    this.#log = log;
    this.#server = createServer((request, response) => {
      this.#pass(request, response).catch((error: unknown) => {
        const text = error instanceof Error ? error.message : String(error);
        log(`Web endpoint ${this.url}: ${text}`);
        if (response.headersSent) response.destroy();
        else
          response
            .writeHead(500, { "content-type": "text/plain" })
            .end("modal-http: internal error: the container failed");
      });
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => this.#server.once("error", reject).listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Serves what was deployed now. Containers of before go on with what they have begun, and end. */
  use(settings: WebSettings | undefined): void {
    for (const instance of this.#instances) {
      instance.isOld = true;
      this.#settle(instance);
    }
    this.#settings = settings;
    if (settings && settings.minContainers > 0) void this.#instance().ready.catch(() => undefined);
  }

  #instance(): Instance {
    const settings = this.#settings;
    if (!settings) throw new Error("the App is stopped");
    const current = [...this.#instances].find(({ isOld, container }) => !isOld && !container.hasEnded);
    if (current) return current;
    const container = settings.create();
    const ready = container.start();
    const instance: Instance = { container, ready, requests: 0, isOld: false, idle: undefined };
    this.#instances.add(instance);
    const forget = () => {
      clearTimeout(instance.idle);
      this.#instances.delete(instance);
    };
    ready.catch((error: Error) => {
      this.#log(error.message);
      forget();
    });
    void container.ended.then(forget);
    return instance;
  }

  /** Ends a container that has nothing to do: at once if it is of an earlier deploy, else when it has been idle. */
  #settle(instance: Instance): void {
    clearTimeout(instance.idle);
    if (instance.requests > 0) return;
    if (instance.isOld) return void instance.container.stop();
    const { minContainers = 0, scaledownMs = 0 } = this.#settings ?? {};
    if (minContainers === 0) instance.idle = setTimeout(() => void instance.container.stop(), scaledownMs).unref();
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!this.#settings) {
      response.writeHead(404, { "content-type": "text/plain" }).end("modal-http: invalid function call");
      return;
    }
    const instance = this.#instance();
    instance.requests++;
    clearTimeout(instance.idle);
    try {
      await instance.ready;
      await forward(request, response, instance.container.port);
    } finally {
      instance.requests--;
      this.#settle(instance);
    }
  }

  containers(): FunctionContainer[] {
    return [...this.#instances].map(({ container }) => container);
  }

  async close(): Promise<void> {
    this.#settings = undefined;
    this.#server.close();
    this.#server.closeAllConnections();
    await Promise.all([...this.#instances].map(({ container }) => container.stop()));
  }
}

/** Streams a request to a port of this machine, and the answer back. */
function forward(request: IncomingMessage, response: ServerResponse, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const { method, url: path, headers } = request;
  const onward = httpRequest({ host: "127.0.0.1", port, method, path, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
    answer.once("error", reject);
  });
  // A server may answer and hang up before it has read all, as with a body that is too large.
  onward.once("error", (error) => (response.headersSent ? resolve() : reject(error)));
  response.once("close", () => {
    onward.destroy();
    resolve();
  });
  request.pipe(onward);
  return promise;
}
