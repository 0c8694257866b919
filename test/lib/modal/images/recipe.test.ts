// What Modal is asked to build, by its properties, and as far as it can be run here.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseDockerfile } from "../../../../src/lib/modal/images/dockerfile.ts";
import type { Recipe } from "../../../../src/lib/modal/images/recipe.ts";
import { packageFile } from "../../../../src/lib/package-root.ts";
import { temporaryDirectory } from "../../emulator/runner/runner-process.ts";
import { recipeWith, release } from "./support.ts";

function instructions(recipe: Recipe) {
  return recipe.layers.flatMap(({ commands }) => parseDockerfile(commands.join("\n"), "recipe"));
}

function scripts(recipe: Recipe): string[] {
  return instructions(recipe).flatMap(({ keyword, rest }) => (keyword === "RUN" ? [rest] : []));
}

const everyRecipe = [
  ["standard", recipeWith()],
  ["docker", recipeWith({ variant: "docker" })],
  ["cuda", recipeWith({ variant: "cuda" })],
  ["of an own base", recipeWith({ from: "registry.example.org:5000/team/ci:2026-11", variant: "docker" })],
  [
    "with own commands",
    recipeWith({ ownCommands: ["RUN apt-get install -y ffmpeg", "USER runner", 'ENTRYPOINT ["x"]'] }),
  ],
] as const;

describe.each(everyRecipe)("the recipe %s", (_name, recipe) => {
  it("checks every download before it is used", () => {
    const downloading = scripts(recipe).filter((script) => /\bhttps?:/.test(script));
    expect(downloading).toHaveLength(2);
    for (const script of downloading) {
      expect(script).toMatch(/^set -eu;/);
      expect(script.match(/curl /g)).toHaveLength(1);
      expect(script).toMatch(
        /curl [^;]*-o "\$archive" [^;]*"https:[^;]*; +echo "\$\w+_SHA256 {2}\$archive" \| sha256sum -c -; /,
      );
      expect(script.indexOf("tar -x")).toBeGreaterThan(script.indexOf("sha256sum -c"));
    }
  });

  it("holds nothing that bash cannot read, no file of a build's folder, and no ARG without a value", () => {
    for (const script of scripts(recipe)) execFileSync("bash", ["-n", "-c", script]);
    for (const { keyword, rest } of instructions(recipe)) {
      expect(["ARG", "ENTRYPOINT", "ENV", "RUN", "USER"]).toContain(keyword);
      if (keyword === "ARG" && !rest.startsWith("DOCKER=")) expect(rest).toMatch(/^\w+=\S+$/);
    }
    for (const { commands } of recipe.layers) for (const line of commands) expect(line.length).toBeLessThan(65_535);
  });

  it("pins the runner and ends without an ENTRYPOINT", () => {
    const all = instructions(recipe).map(({ keyword, rest }) => `${keyword} ${rest}`);
    expect(all).toContain(`ARG RUNNER_VERSION=${release.runnerVersion}`);
    expect(all).toContain(`ARG RUNNER_SHA256=${release.sha256}`);
    expect(all.at(-1)).toBe("ENTRYPOINT []");
    expect(all).toContain("ENV PATH=/opt/modal-gha/bin:$PATH");
    expect(all).toContain("ENV RUNNER_TOOL_CACHE=/opt/hostedtoolcache");
  });
});

describe("the recipe", () => {
  it("takes its base by digest, that of the operator as it is", () => {
    expect(recipeWith().baseImage).toMatch(/^ubuntu:noble-\d{8}@sha256:[0-9a-f]{64}$/);
    expect(recipeWith({ variant: "cuda" }).baseImage).toMatch(
      /^nvidia\/cuda:12\.[^@]*-runtime-ubuntu24\.04@sha256:[0-9a-f]{64}$/,
    );
    expect(recipeWith({ from: "debian:12" }).baseImage).toBe("debian:12");
  });

  it("has Docker only where it was asked for", () => {
    const installs = (recipe: Recipe) => scripts(recipe).some((script) => script.includes("docker.io"));
    expect(installs(recipeWith())).toBe(false);
    expect(installs(recipeWith({ variant: "docker" }))).toBe(true);
    expect(recipeWith({ variant: "docker" }).layers.flatMap(({ commands }) => commands)).toContain("ARG DOCKER=1");
  });

  it("puts the operator's commands behind all of ours but the ENTRYPOINT", () => {
    const last = recipeWith({ ownCommands: ["RUN a", "RUN b"] }).layers.at(-1);
    expect(last?.commands).toEqual(["RUN a", "RUN b", "ENTRYPOINT []"]);
    // All that comes before is the same, and so is in Modal's cache.
    expect(recipeWith({ ownCommands: ["RUN a"] }).layers.slice(0, -1)).toEqual(recipeWith().layers.slice(0, -1));
  });

  it("only changes in the layers from the runner on when the runner does", () => {
    const newer = recipeWith({ runnerVersion: "2.401.0" }).layers;
    const same = recipeWith().layers.findIndex(
      (layer, index) => layer.commands.join() !== newer[index]?.commands.join(),
    );
    expect(recipeWith().layers[same]?.title).toMatch(/^actions\/runner/);
  });

  it.each([
    [{ from: "debian:12\nRUN curl evil" }, "is no image of a registry"],
    [{ from: "" }, "is no image of a registry"],
    [{ runnerVersion: "2.338.0; reboot" }, "is no version of the runner"],
    [{ sha256: "$(reboot)" }, "is no SHA-256"],
    [{ sha256: "" }, "is no SHA-256"],
  ])("is not made of %j", (options, message) => {
    expect(() => recipeWith(options)).toThrow(message);
  });

  it("writes the entrypoint and the hooks byte for byte", () => {
    using directory = temporaryDirectory();
    const root = join(directory.path, "opt", "modal-gha");
    const writing = scripts(recipeWith()).filter((script) => / \| base64 -d >|^chmod 755 /.test(script));
    expect(writing).toHaveLength(4);
    for (const script of writing) execFileSync("sh", ["-c", script.replaceAll("/opt/modal-gha", root)]);
    for (const folder of ["bin", "hooks"]) {
      expect(readdirSync(join(root, folder))).toEqual(readdirSync(packageFile("image", folder)));
      for (const file of readdirSync(join(root, folder))) {
        const written = join(root, folder, file);
        expect(readFileSync(written).equals(readFileSync(packageFile("image", folder, file)))).toBe(true);
        expect(statSync(written).mode & 0o777).toBe(0o755);
      }
    }
  });

  it("says in words what is wrong with a base that is no Debian or Ubuntu, or for other machines", () => {
    const check = scripts(recipeWith()).find((script) => script.includes("command -v apt-get"))!;
    using directory = temporaryDirectory();
    const attempt = (machine: string, apt: boolean) => {
      const path = join(directory.path, `${machine}-${apt}`);
      mkdirSync(path);
      writeFileSync(join(path, "uname"), `#!/bin/sh\necho ${machine}\n`, { mode: 0o755 });
      if (apt) writeFileSync(join(path, "apt-get"), "", { mode: 0o755 });
      const { status, stderr } = spawnSync("/bin/sh", ["-c", check], { env: { PATH: path }, encoding: "utf8" });
      return `${status} ${stderr}`;
    };
    expect(attempt("x86_64", true)).toBe("0 ");
    expect(attempt("x86_64", false)).toMatch(/^1 .*no apt-get\. Take one that is made from Debian or Ubuntu/);
    expect(attempt("aarch64", true)).toMatch(/^1 .*is for aarch64\. Runner images are for x86_64/);
  });
});
