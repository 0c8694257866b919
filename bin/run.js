#!/usr/bin/env node
// Starts modal-gha. In syntax that Node 14 can read, so that one that is too old gets to say so.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const isClone = existsSync(join(root, "package-lock.json"));
const [major, minor] = process.versions.node.split(".").map(Number);

function fail(message, nextSteps) {
  process.stderr.write(`Error: ${message}\n\nNext:\n${nextSteps.map((step) => `  ${step}\n`).join("")}`);
  process.exit(1);
}

if (major < 22 || (major === 22 && minor < 15)) {
  fail(
    `modal-gha needs Node.js 22.15 or newer; this is ${process.versions.node}.`,
    isClone
      ? [
          "npm run build && npx modal-gha",
          "The first installs a Node of this project's own (npm ci), which npx and npm run then use.",
          "With --ignore-scripts npm leaves it out.",
        ]
      : [
          "Install Node.js 22 or newer from https://nodejs.org, or let npx bring one:",
          "npx -p node@24 -p modal-gha modal-gha",
        ],
  );
}
if (!existsSync(join(root, "dist", "cli.js"))) {
  fail(`modal-gha is not built: ${join(root, "dist", "cli.js")} is missing.`, [
    isClone ? "npm run build" : "npm install --global modal-gha",
  ]);
}

import("node:module")
  .then(({ enableCompileCache }) => {
    // Not Node's default folder in /tmp: other users of the machine could put code there.
    const cache = process.env.XDG_CACHE_HOME || (process.env.HOME && join(process.env.HOME, ".cache"));
    if (process.env.NODE_COMPILE_CACHE) enableCompileCache();
    else if (cache) enableCompileCache(join(cache, "modal-gha", "compile-cache"));
    return import("../dist/cli.js");
  })
  .then((cli) => cli.main(root, process.argv.slice(2)))
  .catch((error) =>
    fail(`modal-gha could not be started: ${error.stack}`, [isClone ? "npm run build" : "Install it again."]),
  );
