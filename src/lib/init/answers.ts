// What `init` has to know and cannot find out by itself: from flags, and from a file that holds the same by the same
// names. Nothing in it is a secret: those are named by a file, or come from standard input or the environment.
import { readFile } from "node:fs/promises";
import { parse, YAMLParseError } from "yaml";
import { z } from "zod";
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import { suggestion } from "../policy/nearest.ts";

const texts = z.array(z.string().min(1)).or(
  z
    .string()
    .min(1)
    .transform((text) => [text]),
);

const answersSchema = z.strictObject({
  owner: z.string().min(1).optional(),
  scope: z.enum(["organization", "repository"]).optional(),
  repository: texts.optional(),
  pool: texts.optional(),
  auth: z.enum(["app", "pat"]).optional(),
  "app-id": z
    .union([z.number().int().positive(), z.string().regex(/^\d+$/, "write the App's id, a number")])
    .transform(String)
    .optional(),
  "private-key-file": z.string().min(1).optional(),
  "create-app": z.boolean().optional(),
  "token-file": z.string().min(1).optional(),
  "image-from": z.string().min(1).optional(),
  image: z.boolean().optional(),
  via: z.enum(["modal", "uvx", "sandbox"]).optional(),
  port: z.number().int().min(0).max(65_535).optional(),
  wait: z.string().min(1).optional(),
  "write-workflow": z.boolean().optional(),
});

/** All of it may be missing. Names and meanings are those of the command's flags. */
export type Answers = z.output<typeof answersSchema>;

export const answerNames = Object.keys(answersSchema.shape) as (keyof Answers)[];

/**
 * Reads a file of answers, YAML or JSON.
 * @throws AbortError (usage) naming every fault; what reading a file throws
 */
export async function readAnswers(file: string): Promise<Answers> {
  const faulty = (faults: string[], cause?: unknown) =>
    new AbortError(`The answers in ${file} cannot be used.`, {
      code: "usage",
      exitCode: ExitCode.Usage,
      why: faults.join("; "),
      nextSteps: [
        "modal-gha init --help lists the flags; the file has the same names, without the dashes before them.",
      ],
      cause,
    });
  let value: unknown;
  try {
    value = parse(await readFile(file, "utf8")) ?? {};
  } catch (error) {
    if (error instanceof YAMLParseError) throw faulty([error.message.split("\n")[0] ?? ""], error);
    throw error;
  }
  const read = answersSchema.safeParse(value);
  if (read.success) return read.data;
  throw faulty(
    read.error.issues.map((issue) => {
      if (issue.code === "unrecognized_keys") {
        return issue.keys.map((key) => `there is no answer "${key}"${suggestion(key, answerNames)}`).join("; ");
      }
      return [issue.path.join("."), issue.message].filter((part) => part !== "").join(": ");
    }),
  );
}

/** What the flags say, and where they say nothing, the file. */
export function mergeAnswers(flags: Answers, file: Answers): Answers {
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  return { ...file, ...Object.fromEntries(given) };
}
