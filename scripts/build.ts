// Bundles everything into dist/: one entry per command with shared chunks, and one self-contained file for each program
// that runs on its own (the controller, the stand-in runner, the emulator's reaper).
import { globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type BuildOptions, build } from "esbuild";
import { modalDefinitionsPlugin } from "./modal-definitions.ts";

const banner =
  'import { createRequire as __createRequire } from "node:module";' +
  'import { fileURLToPath as __fileURLToPath } from "node:url";' +
  'import { dirname as __pathDirname } from "node:path";' +
  "const require = __createRequire(import.meta.url);" +
  "const __filename = __fileURLToPath(import.meta.url);" +
  "const __dirname = __pathDirname(__filename);";

const common: BuildOptions = {
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node22",
  sourcemap: false,
  legalComments: "linked",
  logLevel: "warning",
  banner: { js: banner },
  define: { "process.env.NODE_ENV": '"production"' },
  // oclif asks for typescript, ink for react-devtools-core, only where they are installed; neither is ever needed here.
  external: ["react-devtools-core", "typescript"],
};

/** Programs that are started by path, each bundled into one file: output name without .js -> source. */
const programs: Record<string, string> = {
  controller: "src/lib/controller/main.ts",
  "stand-in-runner": "src/lib/emulator/runner/main.ts",
  reaper: "src/lib/emulator/modal/reaper.ts",
};

rmSync("dist", { recursive: true, force: true });

await build({
  ...common,
  entryPoints: ["src/cli.ts", ...globSync("src/commands/**/*.{ts,tsx}")],
  outbase: "src",
  outdir: "dist",
  splitting: true,
  chunkNames: "chunks/[name]-[hash]",
  plugins: [modalDefinitionsPlugin],
});
for (const [name, source] of Object.entries(programs)) {
  await build({ ...common, entryPoints: [source], outfile: `dist/${name}.js` });
}
writeFileSync(
  "dist/package.json",
  `${JSON.stringify({ type: "module", version: JSON.parse(readFileSync("package.json", "utf8")).version })}\n`,
);
