// Bundles everything into dist/: one entry per command with shared chunks, a folder with the controller, which is deployed
// as it is, and one self-contained file for each other program (the stand-in runner, the emulator's reaper). Built beside
// dist/ and then put in its place, so that a build that fails leaves the old one.
import { cpSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { build, type Metafile } from "esbuild";
import { bundleOptions } from "./bundle.ts";
import { licenseTexts } from "./licenses.ts";
import { createManifest } from "./manifest.ts";
import { modalDefinitionsPlugin } from "./modal-definitions.ts";
import { programs } from "./programs.ts";

/** Not in the project's root, where tools that look at every file would see it. */
const stage = "node_modules/.cache/modal-gha/build";
const outdir = join(stage, "dist");
rmSync(stage, { recursive: true, force: true });
mkdirSync(outdir, { recursive: true });

const commands = globSync("src/commands/**/*.{ts,tsx}");
const metafiles: Metafile[] = [];

metafiles.push(
  (
    await build({
      ...bundleOptions,
      entryPoints: ["src/cli.ts", "src/lib/cli/command-not-found.ts", "src/lib/cli/help.ts", ...commands],
      outbase: "src",
      outdir,
      splitting: true,
      chunkNames: "chunks/[name]-[hash]",
      plugins: [...bundleOptions.plugins, modalDefinitionsPlugin],
    })
  ).metafile,
);
const folders = new Set<string>();
for (const [name, source] of Object.entries(programs)) {
  const options = { ...bundleOptions, entryPoints: [source] };
  const folder = dirname(name);
  if (folder === ".") metafiles.push((await build({ ...options, outfile: join(outdir, `${name}.js`) })).metafile);
  else {
    const split = { splitting: true, chunkNames: "[name]-[hash]", outdir: join(outdir, folder) };
    metafiles.push((await build({ ...options, ...split })).metafile);
    folders.add(folder);
  }
}

const { type, name, version, oclif } = JSON.parse(readFileSync("package.json", "utf8"));
for (const folder of [".", ...folders]) {
  writeFileSync(join(outdir, folder, "package.json"), `${JSON.stringify({ type, version })}\n`);
}
writeFileSync(join(outdir, "THIRD-PARTY-LICENSES.txt"), licenseTexts(metafiles));
const manifest = await createManifest(stage, { type, name, version, oclif });
writeFileSync(join(outdir, "oclif.manifest.json"), manifest);

rmSync("dist", { recursive: true, force: true });
try {
  renameSync(outdir, "dist");
} catch {
  // node_modules may be on another file system.
  cpSync(outdir, "dist", { recursive: true });
}
