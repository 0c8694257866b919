// Secrets that are handed over by a file or by standard input, never by a flag: others can read a command line.
import { readFile } from "node:fs/promises";
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import type { Input } from "../cli/streams.ts";
import type { Answers } from "./answers.ts";

/** Means standard input where a file is named. */
export const fromStdin = "-";

export interface Given {
  /** PEM, where it came by standard input; one in a file is read with the settings. */
  privateKey: string | undefined;
  token: string | undefined;
}

/** @throws AbortError (usage) where two are to come by standard input; what reading a file throws */
export async function readGiven(
  { "private-key-file": keyFile, "token-file": tokenFile }: Answers,
  stdin: Input,
): Promise<Given> {
  if (keyFile === fromStdin && tokenFile === fromStdin) {
    throw new AbortError("Only one of --private-key-file and --token-file can come by standard input.", {
      code: "usage",
      exitCode: ExitCode.Usage,
    });
  }
  const privateKey = keyFile === fromStdin ? await readAll(stdin) : undefined;
  if (tokenFile === undefined) return { privateKey, token: undefined };
  const token = (tokenFile === fromStdin ? await readAll(stdin) : await readFile(tokenFile, "utf8")).trim();
  if (token !== "" && !/\s/.test(token)) return { privateKey, token };
  throw new AbortError("What was given as the token for GitHub is none.", {
    code: "usage",
    exitCode: ExitCode.Usage,
    why: token === "" ? "It is empty." : "It has spaces or line ends within.",
  });
}

async function readAll(stdin: Input): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk as Buffer));
  return Buffer.concat(chunks).toString("utf8");
}
