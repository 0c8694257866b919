// The pages that a person's browser shows on the way to a GitHub App: ours, served on loopback. They hold no secret.
import type { AppManifest } from "./manifest.ts";

/** A page's body, with the script that it may run, if any. */
export interface Page {
  title: string;
  body: string;
  script?: string;
}

/** Text as HTML. */
function escaped(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** A template whose values are escaped. */
function html(strings: TemplateStringsArray, ...values: string[]): string {
  return strings.map((text, index) => text + escaped(values[index] ?? "")).join("");
}

/**
 * Sends the manifest on to GitHub by itself; a button does it where scripts do not run.
 * @param action GitHub's page, with our state
 */
export function startPage(action: string, owner: string, manifest: AppManifest): Page {
  const asked = Object.entries(manifest.default_permissions).map(
    ([name, level]) => html`<li><code>${name}: ${level}</code></li>`,
  );
  return {
    title: `GitHub App for ${owner}`,
    body: `${html`<h1>Create the GitHub App of your fleet</h1>
      <p>GitHub will ask you to create <strong>${manifest.name}</strong> for <strong>${owner}</strong>. You may change its name there.</p>
      <form method="post" action="${action}">
        <input type="hidden" name="manifest" value="${JSON.stringify(manifest)}">
        <button autofocus>Continue to GitHub</button>
      </form>
      <h2>What the App may do</h2>`}<ul>${asked.join("")}</ul>`,
    script: "document.forms[0].submit()",
  };
}

export function donePage(app: { name: string; htmlUrl: string; owner: string }): Page {
  return {
    title: "The GitHub App is made",
    body: html`<h1><span class="ok">✓</span> ${app.name} is made</h1>
      <p>Done here: its keys went straight to the terminal. One step is left at GitHub:</p>
      <p><a class="button" href="${app.htmlUrl}/installations/new">Install it on ${app.owner}</a></p>
      <p>Then go back to the terminal, which goes on by itself.</p>`,
  };
}

export function failedPage(message: string): Page {
  return {
    title: "The GitHub App could not be taken over",
    body: html`<h1><span class="bad">✗</span> That did not work</h1>
      <p>${message}</p>
      <p>Go back to the terminal: it says what to do next.</p>`,
  };
}

/** For whoever comes without the state that GitHub hands back. */
export function strangerPage(): Page {
  return {
    title: "Not the answer from GitHub",
    body: html`<h1>This is not the answer we wait for</h1>
      <p>It does not belong to the page that this program opened, so nothing was done. Perhaps the page is an old one.</p>
      <p><a class="button" href="/">Start again</a></p>`,
  };
}

const style = `
:root { color-scheme: light dark; --text: #1f2328; --soft: #59636e; --back: #f6f8fa; --card: #fff; --line: #d1d9e0; --go: #1f883d; --bad: #cf222e }
@media (prefers-color-scheme: dark) {
  :root { --text: #f0f6fc; --soft: #9198a1; --back: #010409; --card: #0d1117; --line: #3d444d; --go: #238636; --bad: #f85149 }
}
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; grid-template-columns: minmax(0, 34rem); place-content: center; padding: 1.5rem; background: var(--back); color: var(--text); font: 1rem/1.5 system-ui, sans-serif }
main { padding: 2rem; overflow-wrap: anywhere; background: var(--card); border: 1px solid var(--line); border-radius: .75rem }
h1 { margin: 0 0 1rem; font-size: 1.4rem; line-height: 1.3 }
h2 { margin: 1.5rem 0 .5rem; font-size: .9rem; color: var(--soft) }
ul { margin: 0; padding-left: 1.2rem; color: var(--soft) }
code { font: .9em ui-monospace, monospace }
button, .button { display: inline-block; padding: .55rem 1.1rem; border: 0; border-radius: .4rem; background: var(--go); color: #fff; font: inherit; font-weight: 600; text-decoration: none; cursor: pointer }
button:focus-visible, .button:focus-visible { outline: 2px solid var(--text); outline-offset: 2px }
.ok { color: var(--go) } .bad { color: var(--bad) }
footer { margin-top: 1.5rem; font-size: .85rem; color: var(--soft) }
`;

/** @param nonce allows this page's own style and script, and nothing else */
export function renderPage({ title, body, script }: Page, nonce: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style nonce="${nonce}">${style}</style>
</head>
<body>
<main>${body}<footer>modal-gha, on this machine</footer></main>
${script === undefined ? "" : `<script nonce="${nonce}">${script}</script>`}
</body>
</html>
`;
}
