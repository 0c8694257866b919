// The programs that are measured, and of which pictures are made: built as the product is, so that they start as it does.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { bundleOptions } from "../../scripts/bundle.ts";
import { packageFile } from "../../src/lib/package-root.ts";

/** They may write here as well. */
export const programFolder = packageFile("node_modules", ".cache", "modal-gha", "bench");

/** @returns the command of each */
export async function buildPrograms(): Promise<Record<"counter" | "dashboard", string[]>> {
  mkdirSync(programFolder, { recursive: true });
  await build({
    ...bundleOptions,
    entryPoints: ["test/bench/counter-program.tsx", "test/bench/dashboard-program.tsx"],
    outdir: programFolder,
    splitting: true,
    outExtension: { ".js": ".mjs" },
  });
  const command = (name: string) => [process.execPath, join(programFolder, `${name}-program.mjs`)];
  return { counter: command("counter"), dashboard: command("dashboard") };
}
