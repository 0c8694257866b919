// Checks the JSON Web Token with which a GitHub App signs in as itself, with GitHub's own words for each fault.
// Source of the rules: docs "Generating a JSON Web Token (JWT) for a GitHub App".
import { decodeJwt, errors, jwtVerify } from "jose";
import type { Apps } from "./apps.ts";
import { GitHubError } from "./errors.ts";
import type { App } from "./model.ts";

/** Longest time between now and `exp`, seconds. */
const longestLife = 600;
/** How far an `iat` may lie ahead of GitHub's clock, seconds; docs advise clients to set it 60 s back. */
const clockTolerance = 5;

/** Whether a bearer token has the form of a JWT; installation tokens hold dots too, but start with `ghs_`. */
export function looksLikeJwt(token: string): boolean {
  return !token.startsWith("ghs_") && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token);
}

/** @throws GitHubError 401 for a token that is malformed, not the App's, or outside its time; 404 for an unknown issuer. */
export async function verifyAppJwt(token: string, apps: Apps, now: Date): Promise<App> {
  const { iss, exp, iat } = read(token);
  if (iss === undefined || iss === "") throw unauthorized("Missing 'issuer' claim ('iss') in assertion");
  const app = apps.byIssuer(String(iss));
  if (!app) throw new GitHubError(404, "Integration not found");
  try {
    await jwtVerify(token, app.publicKey, { algorithms: ["RS256"], currentDate: new Date(0), clockTolerance: 1e12 });
  } catch (error) {
    if (error instanceof errors.JOSEError) throw undecodable();
    throw error;
  }
  const seconds = now.getTime() / 1000;
  if (typeof exp !== "number" || exp <= seconds) {
    throw unauthorized(
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    );
  }
  if (exp > seconds + longestLife + clockTolerance) {
    throw unauthorized("'Expiration time' claim ('exp') is too far in the future");
  }
  if (typeof iat !== "number" || iat > seconds + clockTolerance) {
    throw unauthorized(
      "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
    );
  }
  return app;
}

function read(token: string): { iss?: unknown; exp?: unknown; iat?: unknown } {
  try {
    return decodeJwt(token);
  } catch {
    throw undecodable();
  }
}

export function undecodable(): GitHubError {
  return unauthorized("A JSON web token could not be decoded");
}

function unauthorized(message: string): GitHubError {
  return new GitHubError(401, message);
}
