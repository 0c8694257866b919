// How esbuild bundles our code: ESM for Node, with everything but Node itself inside.
import type { BuildOptions } from "esbuild";
import { oneLanguagePlugin } from "./one-language.ts";

/** Packages that bundled code asks for where they are installed, and does without where they are not. */
export const optionalPackages: Readonly<Record<string, string>> = {
  "react-devtools-core": "ink loads it when DEV is set, to look at its own tree",
  typescript: "oclif loads it to run a plugin's sources; ours are bundled",
};

/** What CommonJS packages take for granted; under names of their own, since ES modules may declare such ones themselves. */
const banner =
  'import { createRequire as __createRequire } from "node:module";' +
  'import { fileURLToPath as __fileURLToPath } from "node:url";' +
  'import { dirname as __pathDirname } from "node:path";' +
  "const require = __createRequire(import.meta.url);" +
  "const __bundleFilename = __fileURLToPath(import.meta.url);" +
  "const __bundleDirname = __pathDirname(__bundleFilename);";

export const bundleOptions = {
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node22",
  sourcemap: false,
  // What the packages ask to be shown is in THIRD-PARTY-LICENSES.txt.
  legalComments: "none",
  logLevel: "warning",
  metafile: true,
  banner: { js: banner },
  define: {
    "process.env.NODE_ENV": '"production"',
    __filename: "__bundleFilename",
    __dirname: "__bundleDirname",
  },
  external: Object.keys(optionalPackages),
  plugins: [oneLanguagePlugin],
} satisfies BuildOptions;
