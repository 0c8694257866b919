// Finds Chromium for tests that need a real browser, and starts it.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { onTestFinished } from "vitest";

/** CHROMIUM_PATH, or the first of the usual names on PATH; undefined where there is none. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const folders = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const names = ["chromium", "chromium-browser", "google-chrome"];
  const usual = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [env["CHROMIUM_PATH"] ?? "", ...usual].find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return file !== "";
  } catch {
    return false;
  }
}

/** A headless browser without a proxy, closed after the test. */
export async function startBrowser(executablePath: string): Promise<Browser> {
  const isRoot = process.getuid?.() === 0;
  const args = ["--no-proxy-server", ...(isRoot ? ["--no-sandbox"] : [])];
  const browser = await chromium.launch({ executablePath, args });
  onTestFinished(() => browser.close());
  return browser;
}
