import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../src/lib/package-root.ts";

const pages = ["README.md", "ARCHITECTURE.md", ...globSync("docs/**/*.md", { cwd: packageRoot })];

describe("links and pictures of the documentation", () => {
  it.each(pages)("lead from %s to files that are there", (page) => {
    const text = readFileSync(join(packageRoot, page), "utf8").replace(/^```[\s\S]*?^```/gm, "");
    const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
    const own = targets.filter((target) => !/^(https?:|#)/.test(target));
    const broken = own.filter((target) => !existsSync(join(packageRoot, dirname(page), target.split("#")[0] ?? "")));
    expect(broken).toEqual([]);
  });
});
