// Makes a clone ready to use: installs and builds, each only where something changed. Every npm script starts with it,
// so that nothing has to be prepared by hand. Runs on whatever Node the machine has, hence its plain, old JavaScript.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const usage = `node scripts/setup.mjs [options]
  --force          build even if nothing changed
  --keep-manifest  leave oclif.manifest.json as it is, so that a check can find it out of date
  --no-build       install only`;

const root = realpathSync(dirname(dirname(fileURLToPath(import.meta.url))));
const at = (...parts) => join(root, ...parts);
const localNode = at("node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");
/** What the build depends on. */
const inputs = ["src", "scripts", "image", "templates", "package.json", "package-lock.json", "tsconfig.json"];
const stampFile = at("dist", ".stamp");

const flags = process.argv.slice(2);
const has = (flag) => flags.includes(flag);

function say(message) {
  process.stderr.write(`setup: ${message}\n`);
}

function fail(message, nextSteps) {
  process.stderr.write(`Error: ${message}\n\nNext:\n${nextSteps.map((step) => `  ${step}\n`).join("")}`);
  process.exit(1);
}

/** Whether node_modules holds what package-lock.json says; npm notes what it installed in a lockfile of its own. */
function isInstalled() {
  try {
    const wanted = JSON.parse(readFileSync(at("package-lock.json"), "utf8")).packages;
    const present = JSON.parse(readFileSync(at("node_modules", ".package-lock.json"), "utf8")).packages;
    return Object.keys(wanted).every((path) => {
      if (path === "") return true;
      // Optional packages are those of other platforms; npm leaves them out.
      if (present[path] === undefined) return wanted[path].optional === true;
      return present[path].version === wanted[path].version && present[path].integrity === wanted[path].integrity;
    });
  } catch {
    return false;
  }
}

function install() {
  say("installing dependencies with npm ci; this takes about half a minute, once");
  const options = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
  const npm = process.env.npm_execpath;
  const [command, args] =
    npm !== undefined && basename(npm) === "npm-cli.js" ? [process.execPath, [npm].concat(options)] : ["npm", options];
  // npm's account of it would end up among a command's results on stdout; errors go to stderr.
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32",
  });
  if (result.status !== 0) fail("npm ci failed; see above.", ["npm ci"]);
}

/** The Node of node_modules, which npm scripts and npx run under. Its install script fetches the program. */
function checkLocalNode() {
  const found = existsSync(localNode) ? spawnSync(localNode, ["--version"], { encoding: "utf8" }) : undefined;
  const version = found && found.status === 0 ? found.stdout.trim() : undefined;
  if (version === undefined) {
    fail(
      `The Node.js that belongs to this project is missing: ${localNode}. Its install script did not run; ` +
        "npm was told to leave such scripts out (--ignore-scripts, or ignore-scripts=true in an .npmrc).",
      ["npm ci --ignore-scripts=false"],
    );
  }
  const parts = version.slice(1).split(".").map(Number);
  if (parts[0] < 22 || (parts[0] === 22 && parts[1] < 15)) {
    fail(`The Node.js in node_modules is ${version}; 22.15 or newer is needed.`, ["npm ci --ignore-scripts=false"]);
  }
}

/** A hash over names and contents of all inputs; a few milliseconds, and unlike times it survives git and copies. */
function hashInputs() {
  const hash = createHash("sha256");
  const visit = (path) => {
    if (!existsSync(at(path))) return;
    if (statSync(at(path)).isDirectory()) {
      for (const name of readdirSync(at(path)).sort()) visit(`${path}/${name}`);
    } else {
      hash
        .update(`${path}\0`)
        .update(readFileSync(at(path)))
        .update("\0");
    }
  };
  inputs.forEach(visit);
  return hash.digest("hex");
}

/** undefined for a file that is not there; another setup may take it away at any time. */
function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** The build writes the manifest it made into dist/; oclif reads the committed one at the root. */
function isManifestCurrent() {
  return has("--keep-manifest") || read(at("oclif.manifest.json")) === read(at("dist", "oclif.manifest.json"));
}

function isBuilt(stamp) {
  return read(stampFile) === stamp && isManifestCurrent();
}

function build(stamp) {
  if (read(stampFile) !== stamp || has("--force")) {
    say("building");
    const result = spawnSync(localNode, [at("scripts", "build.ts")], { cwd: root, stdio: ["ignore", 2, 2] });
    if (result.status !== 0) fail("The build failed; see above.", ["npm run build"]);
    writeFileSync(stampFile, stamp);
  }
  if (!isManifestCurrent()) {
    writeFileSync(at("oclif.manifest.json"), read(at("dist", "oclif.manifest.json")));
    say("oclif.manifest.json was brought up to date; commit it");
  }
}

/** One setup at a time for this folder; another one waits for it, then finds everything done. */
function lock() {
  const folder = join(tmpdir(), `modal-gha-setup-${createHash("sha256").update(root).digest("hex").slice(0, 16)}`);
  const owner = join(folder, "pid");
  for (let waited = 0; ; waited++) {
    try {
      mkdirSync(folder);
      writeFileSync(owner, String(process.pid));
      process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(130));
      return;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    if (waited === 5) say(`waiting for another setup of this folder (${folder})`);
    const pid = Number(read(owner));
    // A folder without a pid is one that is just being made, or that was left by a crash in that very moment.
    if (pid > 0 ? !isAlive(pid) : waited > 50) rmSync(folder, { recursive: true, force: true });
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function main() {
  if (has("--help")) return void process.stdout.write(`${usage}\n`);
  const nothingToDo = () =>
    isInstalled() && existsSync(localNode) && (has("--no-build") || (!has("--force") && isBuilt(hashInputs())));
  if (nothingToDo()) return;
  lock();
  if (!isInstalled()) install();
  checkLocalNode();
  if (has("--no-build")) return;
  const stamp = hashInputs();
  if (has("--force") || !isBuilt(stamp)) build(stamp);
}

main();
