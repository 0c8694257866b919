// Opens an address in the person's browser, where there is one.

/** Whether this machine has a screen to open a browser on: over SSH, and without a display server, it has not. */
export function canOpenBrowser(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform = process.platform,
): boolean {
  if (env["SSH_CONNECTION"] || env["SSH_TTY"] || env["CI"]) return false;
  if (platform === "darwin" || platform === "win32") return true;
  // WSL opens the browser of Windows.
  return Boolean(env["DISPLAY"] || env["WAYLAND_DISPLAY"] || env["WSL_DISTRO_NAME"]);
}

/** Resolves when the browser was started. @throws when there is none; then the person opens the address themselves */
export async function openBrowser(url: string): Promise<void> {
  const { default: open } = await import("open");
  const child = await open(url);
  child.unref();
}
