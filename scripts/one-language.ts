// Leaves zod's messages in other languages out of the bundles: they are twice as much code as the rest of zod, read at
// every start, and nothing here asks for them.
import type { Plugin } from "esbuild";

const localesFile = /[\\/]node_modules[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/;

export const oneLanguagePlugin: Plugin = {
  name: "one-language",
  setup(build) {
    build.onLoad({ filter: localesFile }, () => ({
      contents: 'export { default as en } from "./en.js";',
      loader: "js",
    }));
  },
};
