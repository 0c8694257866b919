// Makes the protobuf service definitions inside the `modal` SDK importable, for the emulator of Modal's API.
// The SDK keeps them as top-level variables of its one file; appending an export line costs nothing, vendors nothing
// and cannot drift from the pinned SDK.
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";

const names = ["ModalClientDefinition", "TaskCommandRouterDefinition"] as const;
const sdkFile = /[\\/]node_modules[\\/]modal[\\/]dist[\\/]index\.js$/;

/**
 * Appends the export of the service definitions to the text of the SDK's dist/index.js.
 * @throws Error unless each definition occurs exactly once at top level, so that a new SDK cannot pass unnoticed.
 */
export function exposeDefinitions(source: string): string {
  for (const name of names) {
    const found = source.split(`\nvar ${name} = {`).length - 1;
    if (found !== 1) {
      throw new Error(
        `The modal SDK defines ${name} ${found} times at top level instead of once. ` +
          "Look at node_modules/modal/dist/index.js and mend scripts/modal-definitions.ts.",
      );
    }
  }
  return `${source}\nexport { ${names.join(", ")} };\n`;
}

/** For esbuild: bundles the SDK with its definitions exported. */
export const modalDefinitionsPlugin: Plugin = {
  name: "modal-definitions",
  setup(build) {
    let seen = false;
    build.onLoad({ filter: sdkFile }, (args) => {
      seen = true;
      return { contents: exposeDefinitions(readFileSync(args.path, "utf8")), loader: "js" };
    });
    build.onEnd((result) => {
      if (!seen && result.errors.length === 0)
        throw new Error("The bundle does not hold modal/dist/index.js any more.");
    });
  },
};

/** For code that runs unbundled (tests, scripts): the same change when Node loads the SDK. Call before anything imports it. */
export function registerModalDefinitions(): void {
  registerHooks({
    load(url, context, nextLoad) {
      if (!url.startsWith("file:") || !sdkFile.test(fileURLToPath(url))) return nextLoad(url, context);
      return {
        format: "module",
        shortCircuit: true,
        source: exposeDefinitions(readFileSync(fileURLToPath(url), "utf8")),
      };
    },
  });
}
