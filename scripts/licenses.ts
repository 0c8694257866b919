// The licences of what is bundled: their texts have to travel with the copies in dist/.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Metafile } from "esbuild";

interface BundledPackage {
  folder: string;
  name: string;
  version: string;
  license: string;
}

/** Every package that a file of the bundles came from, by name. */
export function bundledPackages(metafiles: readonly Metafile[]): BundledPackage[] {
  const folders = new Set(
    metafiles
      .flatMap((m) => Object.keys(m.inputs))
      .flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []),
  );
  const packages = [...folders].map((folder): [string, BundledPackage] => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return [`${name}@${version}`, { folder, name, version, license: String(license ?? "see text") }];
  });
  // The same version may be there twice, in different folders.
  return [...new Map(packages)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, bundled]) => bundled);
}

/** The licence file of a package; some have it in their readme only, or none at all. */
function licenseFile(folder: string): string | undefined {
  const [file] = globSync("{LICENSE,LICENCE,License,license,COPYING}*", { cwd: folder }).sort();
  return file && readFileSync(join(folder, file), "utf8").trim();
}

/** Copyright notices of packages that hold no licence text, as they stand in the package's own files. */
const notices: Readonly<Record<string, string>> = {
  "yoga-layout": "Copyright (c) Meta Platforms, Inc. and affiliates.",
};

/**
 * The text of THIRD-PARTY-LICENSES.txt. A package without a licence file gets the text from another one under the same
 * licence, with its own copyright notice; Apache-2.0 has no notice in its text.
 * @throws Error for a package whose licence text or notice is nowhere
 */
export function licenseTexts(metafiles: readonly Metafile[]): string {
  const packages = bundledPackages(metafiles).map((p) => ({ ...p, text: licenseFile(p.folder) }));
  const borrow = ({ name, license }: BundledPackage): string => {
    const notice = license === "Apache-2.0" ? "" : notices[name];
    const other = packages.find((p) => p.license === license && p.text !== undefined)?.text;
    if (other === undefined || notice === undefined) {
      throw new Error(`${name} (${license}) holds no licence text; look up its notice for scripts/licenses.ts.`);
    }
    return notice === "" ? other : `${notice}\n\n${other.replaceAll(/^.*copyright \(c\).*\n+/gim, "")}`;
  };
  const sections = packages.map((p) => `${p.name} ${p.version} (${p.license})\n\n${p.text ?? borrow(p)}\n`);
  return `modal-gha bundles these packages.\n\n${sections.join(`\n${"=".repeat(80)}\n\n`)}`;
}
