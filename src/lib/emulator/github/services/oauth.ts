// Token endpoint of the runner services: a runner proves with the key from its JIT configuration who it is.
import type { Hono } from "hono";
import { decodeJwt, errors, jwtVerify } from "jose";
import type { OAuthTokenResponse } from "../../runner-protocol.ts";
import type { GitHub } from "../context.ts";
import type { Runner } from "../model.ts";
import { runnerTokenSeconds } from "./service-tokens.ts";

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

export function addOAuthRoutes(services: Hono, github: GitHub): void {
  services.post("/oauth/token", async (context) => {
    const form = await context.req.parseBody();
    const { grant_type: grant, client_assertion_type: type, client_assertion: assertion } = form;
    if (grant !== "client_credentials") return context.json({ error: "unsupported_grant_type" }, 400);
    if (type !== assertionType || typeof assertion !== "string") return context.json({ error: "invalid_request" }, 400);
    const runner = await assertedRunner(assertion, github);
    // A runner takes "invalid_client" as the news that its registration is gone.
    if (!runner) return context.json({ error: "invalid_client" }, 400);
    const answer: OAuthTokenResponse = {
      access_token: await github.serviceTokens.sign({ runnerId: runner.id }, runnerTokenSeconds),
      token_type: "JWT",
      expires_in: runnerTokenSeconds,
    };
    return context.json(answer);
  });
}

async function assertedRunner(assertion: string, { store, urls }: GitHub): Promise<Runner | undefined> {
  try {
    const { sub, iss } = decodeJwt(assertion);
    const runner = [...store.runners.values()].find((each) => each.clientId === (sub ?? iss));
    if (!runner) return undefined;
    // Checked against the machine's clock, not the emulator's: runners are processes with a clock of their own.
    await jwtVerify(assertion, runner.publicKey, {
      algorithms: ["RS256", "PS256"],
      audience: urls.oauth,
      clockTolerance: 60,
      requiredClaims: ["exp"],
    });
    return runner;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}
