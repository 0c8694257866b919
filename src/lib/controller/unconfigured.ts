// What answers in the controller's place while it lacks credentials: it tells its health, and that webhooks have to wait.
// A controller is deployed before its GitHub App is made, since GitHub wants an address for the webhook that answers.
import { createServer, type Server } from "node:http";
import { send } from "./send.ts";

/** @param identity what GET /healthz tells besides `ok` */
export function createUnconfiguredServer(identity: object): Server {
  return createServer((request, response) => {
    const path = (request.url ?? "/").split("?")[0];
    if (path === "/healthz" && request.method === "GET") return send(response, 200, { ok: true, ...identity });
    // Nobody reads what was sent.
    request.resume();
    send(response, 503, { reason: "not-configured", detail: "the controller has not got its credentials yet" });
  });
}
