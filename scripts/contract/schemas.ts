// The files of schemas/, from the shapes of the results.
import { z } from "zod";
import { errorResult, results } from "./results.ts";

type JsonSchema = z.core.JSONSchema.JSONSchema;

/** JSON Schemas (draft 2020-12) by the names of their files: `runners-ls.json` for `runners ls`, and `error.json`. */
export function schemaFiles(): Record<string, JsonSchema> {
  const files = Object.entries(results).map(([id, shape]) => [
    schemaFile(id),
    schemaOf(shape, `The result of modal-gha ${id.replaceAll(":", " ")} --json`),
  ]);
  return { ...Object.fromEntries(files), "error.json": schemaOf(errorResult, "What any command prints when it fails") };
}

export function schemaFile(id: string): string {
  return `${id.replaceAll(":", "-")}.json`;
}

function schemaOf(shape: z.ZodType, title: string): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(shape, { override: withoutSafeRange });
  return { $schema, title, ...schema };
}

/** zod says of every integer that JavaScript can hold it, which tells a reader nothing. */
function withoutSafeRange({ jsonSchema }: { jsonSchema: JsonSchema }): void {
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}
