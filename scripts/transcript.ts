// Writes docs/operations.md: runs a busy fleet on this machine, types every command of the document at a terminal of 80
// columns, and notes what was printed. With --check it compares with the document there is, numbers apart.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "./layering.ts";
import { runLineInTerminal } from "./run-in-terminal.ts";
import { chapters } from "./transcript/chapters.ts";
import { BusyFleet, type Job, policy } from "./transcript/fleet.ts";
import { Normaliser, skeleton } from "./transcript/normalise.ts";

const file = join(projectRoot, "docs", "operations.md");
const startedAt = Date.now();
const fleet = new BusyFleet();
try {
  const document = await write();
  if (process.argv.includes("--check")) {
    if (skeleton(document) !== skeleton(readFileSync(file, "utf8"))) {
      writeFileSync(`${file}.new`, document);
      console.error(`What was printed differs from ${file}; see ${file}.new. If that is meant: npm run transcript`);
      process.exitCode = 1;
    }
  } else writeFileSync(file, document);
} finally {
  await fleet.stop();
}

async function write(): Promise<string> {
  await fleet.start();
  for (const workflow of ["ci.yml", "nightly.yml"]) await fleet.dispatch(workflow);
  const running = (jobs: Job[], name: string) =>
    jobs.filter((job) => job.name.startsWith(name) && job.status === "in_progress").length;
  const jobs = await fleet.until(
    "both pools are full",
    (all) =>
      running(all, "train") === 4 &&
      running(all, "test") + running(all, "soak") === 9 &&
      all.some(({ conclusion }) => conclusion === "failure"),
  );
  const idOf = (name: string, status: string) => {
    const job = jobs.find((each) => each.name.startsWith(name) && each.status === status);
    if (job === undefined) throw new Error(`no job ${name} is ${status}`);
    return job.id;
  };
  let names: Record<string, string | number> = {
    training: idOf("train", "in_progress"),
    failed: idOf("test (3)", "completed"),
    nowhere: idOf("benchmark", "queued"),
    waiting: idOf("soak", "queued"),
    hanging: idOf("test", "in_progress"),
  };
  const normaliser = new Normaliser({ startedAt, folder: fleet.folder, jobIds: jobs.map(({ id }) => id) });
  const parts = [opening()];
  for (const { question, text, before } of chapters) {
    names = { ...names, ...(await before?.(fleet)) };
    parts.push(`## ${question}`);
    for (const each of text) parts.push(each.startsWith("$ ") ? await typed(each.slice(2), names, normaliser) : each);
    console.error(question);
  }
  return `${parts.join("\n\n")}\n`;
}

/** @returns the line and what it printed, as a block of the document */
async function typed(
  template: string,
  names: Record<string, string | number>,
  normaliser: Normaliser,
): Promise<string> {
  const line = template.replace(/\{(\w+)\}/g, (_, name: string) => String(names[name]));
  const { screen, code } = await runLineInTerminal(line, { env: fleet.env, cwd: fleet.folder });
  const shown = [`$ ${line}`, screen.trimEnd(), ...(code === 0 || /[|;]/.test(line) ? [] : [`(exit code ${code})`])];
  return `\`\`\`console\n${normaliser.text(shown.filter(Boolean).join("\n"))}\n\`\`\``;
}

function opening(): string {
  return `# Operating a fleet

Questions that come up when a fleet is at work, and the commands that answer them. Everything below was printed in one session against \`modal-gha dev\`, on a terminal of 80 columns; \`npm run transcript\` runs it again and writes this file. Ids and times were numbered anew, so that two sessions can be compared.

The policy of the session:

\`\`\`yaml
${policy.trim()}
\`\`\``;
}
