import { createSign, generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { redact } from "../../../src/lib/cli/redact.ts";

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pem = privateKey.export({ type: "pkcs1", format: "pem" }).toString().trim();
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const unsigned = `${part({ alg: "RS256", typ: "JWT" })}.${part({ iss: "12345", iat: 1, exp: 2 })}`;
const jwt = `${unsigned}.${createSign("RSA-SHA256").update(unsigned).sign(privateKey, "base64url")}`;
const jitConfig = Buffer.from(
  JSON.stringify({ ".runner": part({ AgentName: "x" }), ".credentials_rsaparams": part({ d: "y".repeat(300) }) }),
).toString("base64");

describe("redact", () => {
  it.each([
    ["an installation token", `ghs_${"a1B2".repeat(9)}`],
    ["an installation token that holds a JWT", `ghs_12345_${jwt}`],
    ["a personal token", `ghp_${"a1B2".repeat(9)}`],
    ["a fine-grained token", `github_pat_11ABCDEFG0_${"x".repeat(59)}`],
    ["Modal's token secret", "as-AbCdEfGhIjKlMnOpQrStUv"],
    ["Modal's token id", "ak-AbCdEfGhIjKlMnOpQrStUv"],
    ["a private key", pem],
    ["a private key on one line", pem.replaceAll("\n", "\\n")],
    ["a private key cut off", pem.slice(0, 400)],
    ["a JWT", jwt],
    ["a JIT configuration", jitConfig],
    ["other long base64", Buffer.alloc(300, 251).toString("base64")],
  ])("takes out %s", (_, secret) => {
    const text = redact(`before ${secret} after`);
    expect(text).toMatch(/^before /);
    expect(text).toContain("[redacted]");
    for (let at = 20; at + 12 <= secret.length; at += 12) expect(text).not.toContain(secret.slice(at, at + 12));
  });

  it("takes out passwords in addresses and keeps the host", () => {
    expect(redact("fetch https://x-access-token:secret@github.com/o/r failed")).toBe(
      "fetch https://[redacted]@github.com/o/r failed",
    );
  });

  it("takes out values known to be secret", () => {
    expect(redact("webhook secret is hunter2", ["hunter2", ""])).toBe("webhook secret is [redacted]");
  });

  it.each([
    "GitHub answered 404: Not Found (https://api.github.com/repos/octo-org/octo-repo/actions/jobs/123)",
    "/home/me/.config/modal-gha/some/long/path/that/goes/on/and/on/to/key.pem is no PEM private key",
    "sha256:9b2a7a8c0e4e4b1c9b2a7a8c0e4e4b1c9b2a7a8c0e4e4b1c9b2a7a8c0e4e4b1c",
    "Sandbox sb-AbCdEfGhIjKlMnOpQrStUv was-not-found, ask-me",
  ])("leaves alone: %s", (text) => {
    expect(redact(text)).toBe(text);
  });
});
