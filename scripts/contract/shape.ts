// The words in which results are described: zod schemas that the compiler holds to the types of what commands print.
import { z } from "zod";

/**
 * The schema, if it describes exactly what is printed; else a type error. A field that only one of them has is one.
 * @typeParam T what the command prints
 */
export const resultOf =
  <T>() =>
  <S extends z.ZodType<T>>(schema: S & ([T] extends [z.output<S>] ? unknown : never)): S =>
    schema;

/** No field that is not named: so that a new one is seen. */
export const record = z.strictObject;

export const count = z.int().min(0);
export const milliseconds = z.number().describe("Milliseconds.");
export const dollars = z.number().describe("US dollars, by estimate.");
export const time = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/)
  .describe("ISO 8601, UTC.");
export const repository = z
  .string()
  .regex(/^[^/]+\/[^/]+$/)
  .describe("owner/name");
