// Checks what is published: bin/ and dist/ run with nothing installed beside them.
import { existsSync, globSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import { optionalPackages } from "./bundle.ts";
import { packageName } from "./layering.ts";
import { programs } from "./programs.ts";

/** What is wrong with the built files, a line each; empty if all is well. */
export async function checkBuiltFiles(root: string): Promise<string[]> {
  const problems: string[] = [];
  for (const name of ["cli", ...Object.keys(programs)]) {
    if (!existsSync(join(root, "dist", `${name}.js`))) problems.push(`dist/${name}.js is missing.`);
  }
  const { dependencies = {} } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  for (const [file, specifiers] of Object.entries(await bareImports(root))) {
    for (const specifier of specifiers) {
      const name = packageName(specifier);
      if (isBuiltin(specifier) || name in dependencies || name in optionalPackages) continue;
      problems.push(`${file} imports ${name}, which package.json does not declare as a dependency.`);
    }
  }
  return problems;
}

/** What the built files import other than each other, as esbuild reads them; file -> specifiers. */
async function bareImports(root: string): Promise<Record<string, string[]>> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: globSync("{bin,dist}/**/*.js", { cwd: root }),
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    write: false,
    outdir: "unused",
    splitting: true,
    metafile: true,
    logLevel: "silent",
    plugins: [bundledRequires],
  });
  return Object.fromEntries(
    Object.entries(metafile.inputs).map(([file, { imports }]) => [
      file,
      imports.filter((i) => i.external).map((i) => i.path),
    ]),
  );
}

/** esbuild renames the require() of bundled CommonJS, and would not know it again. */
const bundledRequires: Plugin = {
  name: "bundled-requires",
  setup(build) {
    build.onLoad({ filter: /\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replaceAll(/\b__require\d*\(/g, "require("),
    }));
  },
};
