// The message broker, where runners open a session and wait for jobs.
// Source: src/Sdk/WebApi/WebApi/BrokerHttpClient.cs of actions/runner.
import type { Context, Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { z } from "zod";
import type { BrokerError, RunnerSession } from "../../runner-protocol.ts";
import type { GitHub } from "../context.ts";
import type { Runner } from "../model.ts";

const sessionBody = z.object({
  ownerName: z.string().default(""),
  agent: z.object({ version: z.string().default(""), osDescription: z.string().default("") }).prefault({}),
});

const acknowledgeBody = z.object({ runnerRequestId: z.string() });

export function addBrokerRoutes(services: Hono, github: GitHub): void {
  const { sessions } = github.engine;

  services.post("/broker/session", async (context) => {
    const runner = registered(github, await runnerIdOf(context, github));
    const { ownerName, agent } = sessionBody.parse(await context.req.json());
    const sessionId = sessions.open(runner);
    if (!sessionId) return context.json({ message: `The runner ${runner.name} already has an active session.` }, 409);
    runner.version = agent.version || runner.version;
    const { id, name } = runner;
    const session: RunnerSession = { sessionId, ownerName, agent: { id, name, ...agent, ephemeral: true } };
    return context.json(session);
  });

  services.delete("/broker/session", async (context) => {
    const runner = github.store.runners.get(await runnerIdOf(context, github));
    // After its job the registration is gone, and the runner still ends its session.
    if (runner) sessions.close(runner);
    return context.body(null, 204);
  });

  services.get("/broker/message", async (context) => {
    const runner = inSession(github, context, await runnerIdOf(context, github));
    const { status, runnerVersion, os } = context.req.query();
    if (runnerVersion && github.deprecatedRunnerVersions.includes(runnerVersion)) {
      const message = `Runner version v${runnerVersion} is deprecated and cannot receive messages.`;
      throw refusal("RunnerVersionTooOld", 403, message);
    }
    runner.version = runnerVersion ?? runner.version;
    runner.os = os?.toLowerCase() ?? runner.os;
    const message = await sessions.receive(runner, status === "Busy" ? "Busy" : "Online", context.req.raw.signal);
    return message ? context.json(message) : context.body(null, 202);
  });

  services.post("/broker/acknowledge", async (context) => {
    const runner = inSession(github, context, await runnerIdOf(context, github));
    const { runnerRequestId } = acknowledgeBody.parse(await context.req.json());
    if (!github.engine.offered(runner, runnerRequestId)) {
      throw refusal("AcknowledgeJobNotFound", 404, `Job ${runnerRequestId} is not waiting for this runner.`);
    }
    return context.json({});
  });
}

async function runnerIdOf(context: Context, github: GitHub): Promise<number> {
  const identity = await github.serviceTokens.verify(context.req.header("authorization"));
  if (!identity || !("runnerId" in identity)) throw new HTTPException(401);
  return identity.runnerId;
}

function registered(github: GitHub, runnerId: number): Runner {
  const runner = github.store.runners.get(runnerId);
  if (!runner) throw refusal("RunnerNotFound", 404, `The runner ${runnerId} is not registered.`);
  return runner;
}

function inSession(github: GitHub, context: Context, runnerId: number): Runner {
  const runner = registered(github, runnerId);
  if (!github.engine.sessions.has(runner, context.req.query("sessionId") ?? "")) {
    throw refusal("RunnerSessionInvalid", 404, "The session of this runner has ended.");
  }
  return runner;
}

function refusal(errorKind: BrokerError["errorKind"], statusCode: 403 | 404, errorMessage: string): HTTPException {
  const body: BrokerError = { source: "actions-broker-listener", errorKind, statusCode, errorMessage };
  return new HTTPException(statusCode, { res: Response.json(body, { status: statusCode }) });
}
