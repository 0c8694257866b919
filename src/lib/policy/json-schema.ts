// The policy's shape as JSON Schema, for editors; and which keys there are, for messages.
import { z } from "zod";
import { policySchema } from "./schema.ts";

type JsonSchema = z.core.JSONSchema.JSONSchema;

/** JSON Schema (draft 2020-12) of a policy file as it is written. It knows no contradictions between keys, and no warnings. */
export function policyJsonSchema(): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(policySchema, { io: "input" });
  return { $schema, title: "modal-gha.yaml", description: "The policy of a modal-gha fleet.", ...schema };
}

/** The keys that the document may have at a path; none where it holds no keys. */
export function knownKeys(path: readonly PropertyKey[]): string[] {
  let schema: JsonSchema | undefined = policyJsonSchema();
  for (const step of path) {
    const next: unknown = typeof step === "number" ? schema?.items : schema?.properties?.[String(step)];
    schema = typeof next === "object" && next !== null && !Array.isArray(next) ? (next as JsonSchema) : undefined;
  }
  return Object.keys(schema?.properties ?? {});
}
