// Exchanges the runner's RSA key for access tokens: OAuth 2.0 client credentials with a signed assertion (RFC 7523), as
// src/Sdk/WebApi/WebApi/OAuth/VssOAuthJwtBearerClientCredential.cs does.
import { randomUUID } from "node:crypto";
import { importJWK, SignJWT } from "jose";
import { z } from "zod";
import type { Configuration } from "./configuration.ts";
import { ServiceError, type TokenSource } from "./service-client.ts";

const tokenResponse = z.object({ access_token: z.string(), expires_in: z.coerce.number().default(3600) });

const base64url = (number: string): string => Buffer.from(number, "base64").toString("base64url");

async function assertion(configuration: Configuration): Promise<string> {
  const { key } = configuration;
  const algorithm = configuration.fips ? "PS256" : "RS256";
  const privateKey = await importJWK(
    {
      kty: "RSA",
      n: base64url(key.modulus),
      e: base64url(key.exponent),
      d: base64url(key.d),
      p: base64url(key.p),
      q: base64url(key.q),
      dp: base64url(key.dp),
      dq: base64url(key.dq),
      qi: base64url(key.inverseQ),
    },
    algorithm,
  );
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({})
    .setProtectedHeader({ alg: algorithm, typ: "JWT" })
    .setIssuer(configuration.clientId)
    .setSubject(configuration.clientId)
    .setAudience(configuration.authorizationUrl)
    .setJti(randomUUID())
    .setNotBefore(now)
    .setExpirationTime(now + 300)
    .sign(privateKey);
}

/** The runner's registration is gone: GitHub no longer knows its OAuth client. */
export class RegistrationDeletedError extends Error {
  override readonly name = "RegistrationDeletedError";
}

/**
 * Tokens for the broker and for acquiring jobs, each kept until a minute before it expires.
 * The source throws RegistrationDeletedError when the service answers invalid_client, ServiceError for other refusals.
 */
export function runnerTokens(configuration: Configuration): TokenSource {
  let token = "";
  let expires = 0;
  return async (renew) => {
    if (!renew && Date.now() < expires) return token;
    const response = await fetch(configuration.authorizationUrl, {
      method: "POST",
      headers: { accept: "application/json" },
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: await assertion(configuration),
      }),
    });
    const text = await response.text();
    if (!response.ok) {
      const error = new ServiceError(response.status, text);
      throw error.body["error"] === "invalid_client" ? new RegistrationDeletedError("invalid_client") : error;
    }
    const reply = tokenResponse.parse(JSON.parse(text));
    token = reply.access_token;
    expires = Date.now() + (reply.expires_in - 60) * 1000;
    return token;
  };
}
