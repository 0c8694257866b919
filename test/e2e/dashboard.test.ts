// The dashboard as an operator has it: the built program on a real terminal, driven by keys, against a whole fleet.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { run, until } from "./cli.ts";
import { startWatchedFleet, type WatchedFleet } from "./dashboard-fleet.ts";

let watched: WatchedFleet;
beforeAll(async () => {
  watched = await startWatchedFleet("watched", "pools: [{ name: cpu, labels: [modal], cpu: 2, memory: 4GiB }]\n");
});
afterEach(() => watched.settle());
afterAll(() => watched.close());

const keys = { down: "\u001B[B", enter: "\r", escape: "\u001B", ctrlC: "\u0003" };
/** Both services have told of it. */
const oneRunning = /● GitHub.*● Modal[\s\S]*1 running/;
/** And it is known which job that runs. */
const runs = (job: number) => (text: string) => oneRunning.test(text) && text.includes(` ${job} `);
const empty = /The fleet has no runners at the moment/;

describe("what it shows", () => {
  it("is empty, and says so, where the fleet has no runners", async () => {
    const terminal = watched.open();
    await terminal.until(empty);
    const text = await terminal.until(/modal-gha\s+watched\s+of acme.*● GitHub.*● Modal/);
    expect(text).toMatch(/● 0 running/);
    expect(text).toMatch(/\? help {2}q quit/);
  });

  it("is the fleet's runners, each with its job, cost and state, and the jobs that wait", async () => {
    const busy = await watched.startBusy();
    const terminal = watched.open({ columns: 160 });
    await terminal.until(runs(busy.id));
    const text = await terminal.until(/1 running.*\$[\d.]+\/h.*today/s);
    expect(text).toMatch(new RegExp(`● busy +${busy.runner} +cpu +acme/app +${busy.id}`));
    watched.faults.areWebhooksLost = true;
    const waiting = await watched.startJob();
    terminal.type("2");
    await terminal.until(/1 queued/);
    expect(await terminal.until(/Wait at the gate.*spawn/)).toMatch(new RegExp(`queued.* ${waiting.id}`));
  });

  it("is what a filter lets pass, and esc takes the filter away", async () => {
    const [first, second] = [await watched.startBusy(), await watched.startBusy()];
    const terminal = watched.open();
    await terminal.until(/● Modal[\s\S]*2 running/);
    terminal.type(`/${second.id}`);
    await terminal.until((text) => text.includes(second.runner) && !text.includes(first.runner));
    terminal.type(keys.enter);
    await terminal.until(new RegExp(`/${second.id} +1 of 2 +1/1`));
    terminal.type(keys.escape);
    await terminal.until((text) => text.includes(first.runner) && text.includes(second.runner));
  });

  it("keeps the row selected that was, wherever it moves", async () => {
    const [first, second] = [await watched.startBusy(), await watched.startBusy()];
    const terminal = watched.open();
    await terminal.until(/● Modal[\s\S]*2 running/);
    terminal.type(keys.down);
    const selected = /▸● busy +(\S+)/;
    await terminal.until(new RegExp(`▸● busy +${second.runner}`));
    writeFileSync(first.gate, "");
    writeFileSync(`${first.gate}.end`, "");
    const after = await terminal.until((screen) => !screen.includes(first.runner));
    expect(selected.exec(after)?.[1]).toBe(second.runner);
  });

  it("is the story of the selected job", async () => {
    const busy = await watched.startBusy();
    const terminal = watched.open({ columns: 160 });
    await terminal.until(runs(busy.id));
    terminal.type(keys.enter);
    const text = await terminal.until(/What happened \(UTC\)/);
    expect(text).toMatch(/It answered spawn/);
    expect(text).toContain(busy.runner);
    terminal.type(keys.enter);
    await terminal.until((screen) => !screen.includes("What happened"));
  });

  it("is the log of a running job, line by line, and what a search finds in it", async () => {
    const busy = await watched.startBusy();
    const terminal = watched.open({ columns: 160 });
    await terminal.until(runs(busy.id));
    terminal.type("l");
    await terminal.until(/first line of wait/);
    expect(terminal.text()).toMatch(/● live {2}following/);
    expect(terminal.text()).not.toContain("THE GATE");
    writeFileSync(busy.gate, "");
    await terminal.until(/THE GATE IS OPEN/);
    terminal.type(`/first line of wait${keys.enter}`);
    await terminal.until(/\/first line of wait: 1 found/);
    expect(terminal.text()).toMatch(/\d+ below/);
    terminal.type("f");
    await terminal.until(/following/);
    writeFileSync(`${busy.gate}.end`, "");
    await terminal.until(/✓ ended/);
    terminal.type("q");
    await terminal.until(/1 Runners/);
  });

  it("is of the size of the window, also after that has changed", async () => {
    await watched.startBusy();
    const terminal = watched.open({ columns: 120, rows: 40 });
    await terminal.until(oneRunning);
    await terminal.resize(80, 24);
    const small = await terminal.until((text) => /^ modal-gha/.test(text) && /q quit/.test(text.split("\n")[23] ?? ""));
    expect(small).toMatch(/^ modal-gha.*\n.*1 running/);
    await terminal.resize(200, 60);
    // Of rows and columns one is told before the other: there may be a frame of 80 by 60.
    const large = await terminal.until((text) => {
      const lines = text.split("\n");
      return /q quit/.test(lines[59] ?? "") && lines[2]?.length === 200;
    });
    expect(large).toMatch(/^ modal-gha.*\n.*1 running/);
  });

  it("is of a usual size on a terminal that does not know its own", async () => {
    const terminal = watched.open({ columns: 80, rows: 24 });
    await terminal.until(empty);
    await terminal.resize(0, 0);
    terminal.type("?");
    await terminal.until(() => terminal.output().includes("Next row or line"));
    terminal.type("qq");
    expect((await terminal.ended).code).toBe(0);
  });
});

describe("what it does", () => {
  it("kills a runner after a yes, and nothing after a no", async () => {
    const busy = await watched.startBusy();
    const terminal = watched.open({ columns: 160 });
    await terminal.until(runs(busy.id));
    terminal.type("\u001B[200~xy?\u001B[201~x");
    const asked = await terminal.until(/and the job on it\?/);
    expect(asked).toContain(`It runs job ${busy.id} of acme/app`);
    terminal.type("n");
    await terminal.until((text) => !text.includes("and the job on it?"));
    expect(watched.jobOf(busy.id)?.status).toBe("in_progress");
    terminal.type("x");
    await terminal.until(/and the job on it\?/);
    terminal.type("y");
    await terminal.until(/ended; its job was interrupted/);
    expect(watched.fleet.modal.running()).toEqual([]);
    expect(watched.jobOf(busy.id)?.status).toBe("completed");
    await terminal.until(empty);
  });

  it("names, and ends, the job that a runner runs, whichever it was made for", async () => {
    watched.faults.areWebhooksLost = true;
    const [first, second] = [await watched.startJob(), await watched.startJob()];
    await run(["spawn", "--job", String(second.id)], watched.fleet.env);
    // GitHub gives the runner to the job that has waited for longest.
    await until("the other job runs", () => watched.jobOf(first.id)?.status === "in_progress");
    const terminal = watched.open({ columns: 160 });
    await terminal.until(runs(first.id));
    terminal.type("l");
    await terminal.until(/first line of wait/);
    terminal.type("qx");
    await terminal.until(new RegExp(`It runs job ${first.id} of acme/app`));
    terminal.type("y");
    await terminal.until(/ended; its job was interrupted/);
    expect([first, second].map(({ id }) => watched.jobOf(id)?.status)).toEqual(["completed", "queued"]);
    // Of a job whose Sandbox has ended the fleet thinks that its start failed, and leaves it alone for a while.
    await run(["spawn", "--job", String(second.id)], watched.fleet.env);
  });

  it("gives a job a runner whose webhook was lost, and the job runs", async () => {
    watched.faults.areWebhooksLost = true;
    const { id } = await watched.startJob();
    const terminal = watched.open();
    await terminal.until(/1 queued/);
    terminal.type("2");
    await terminal.until(/▸◇ queued/);
    terminal.type("n");
    await terminal.until(/✓ Job \d+: spawn/);
    await until("the job runs", () => watched.jobOf(id)?.status === "in_progress");
    await terminal.until(/● running +Wait at the gate/);
  });

  it("opens a shell in a runner, and is there again after it", async () => {
    const busy = await watched.startBusy();
    const terminal = watched.open();
    await terminal.until(oneRunning);
    terminal.type("s");
    await terminal.until(/Shell in/);
    // Not what is typed but what the shell makes of it.
    terminal.type(`echo "in-$MODAL_GHA_RUNNER_NAME"${keys.enter}`);
    await terminal.until(new RegExp(`in-${busy.runner}`));
    terminal.type(`exit${keys.enter}`);
    await terminal.until(/● busy/);
    terminal.type("?");
    await terminal.until(/Next row or line/);
  });

  it("shows what it would mend, and mends it after a yes", async () => {
    watched.faults.areWebhooksLost = true;
    const { id } = await watched.startJob();
    const terminal = watched.open();
    await terminal.until(/1 queued/);
    terminal.type("\u0012");
    await terminal.until(/Mend what is not as it should be\?[\s\S]*spawn: /);
    terminal.type("y");
    await terminal.until(/Reconciled: 1 done/);
    await until("the job runs", () => watched.jobOf(id)?.status === "in_progress");
  });

  it("tells of a repository that it may not look into on the screen, not over it", async () => {
    watched.faults.areJobsForbidden = true;
    const terminal = watched.open();
    await terminal.until(empty);
    terminal.type("\u0012");
    await terminal.until(/Everything is as it should be/);
    terminal.type("m");
    const text = await terminal.until(/\d\d:\d\d:\d\d {2}! GitHub did not let us list the jobs of acme\/app/);
    expect(text).toMatch(/^ modal-gha/);
  });

  it("sends a delivery once more, and tells what came of it", async () => {
    await watched.startBusy();
    const terminal = watched.open();
    await terminal.until(oneRunning);
    terminal.type("3");
    await terminal.until(/✓ 200 +workflow_job/);
    terminal.type("d");
    await terminal.until(/Delivery \d+: delivered/);
    expect(watched.fleet.github.state().deliveries.some(({ redelivery }) => redelivery)).toBe(true);
    terminal.type(keys.enter);
    await terminal.until(/The controller answered/);
  });

  it("opens the job's page in the browser, or copies its address where there is none", async () => {
    const { id } = await watched.startBusy();
    const programs = mkdtempSync(join(tmpdir(), "dashboard-browser-"));
    const note = join(programs, "opened");
    writeFileSync(join(programs, "xdg-open"), `#!/bin/sh\necho "$1" >"${note}"\n`, { mode: 0o755 });
    const env = { PATH: `${programs}:${process.env["PATH"]}`, DISPLAY: ":0" };
    const page = `${watched.fleet.github.url}/acme/app/actions/runs/${watched.jobOf(id)?.runId}/job/${id}`;
    const terminal = watched.open({ env, columns: 160 });
    await terminal.until(runs(id));
    terminal.type("b");
    await terminal.until(new RegExp(`Opened ${page}`));
    expect(await until("the browser", () => existsSync(note) && readFileSync(note, "utf8").trim())).toBe(page);
    const remote = watched.open({ env: { ...env, SSH_TTY: "/dev/pts/9" }, columns: 160 });
    await remote.until(runs(id));
    remote.type("b");
    await remote.until(/No browser can be opened from here/);
    expect(remote.output()).toContain(Buffer.from(page).toString("base64"));
    rmSync(programs, { recursive: true });
  });

  it("copies an id by way of the terminal", async () => {
    const busy = await watched.startBusy();
    const terminal = watched.open();
    await terminal.until(oneRunning);
    terminal.type("c");
    await terminal.until(/Copied/);
    expect(terminal.output()).toContain(`\u001B]52;c;${Buffer.from(busy.runner).toString("base64")}\u0007`);
  });

  it("does nothing to the fleet where it is read-only", async () => {
    const busy = await watched.startBusy();
    const terminal = watched.open({ args: ["--read-only"] });
    await terminal.until(/read-only[\s\S]*1 running/);
    expect(terminal.text()).not.toMatch(/x kill|s shell|\^R reconcile/);
    terminal.type("xs\u0012?");
    const help = await terminal.until(/Live log of the selected job/);
    expect(help).not.toMatch(/End the selected|A shell in|once more|Mend/);
    expect(watched.jobOf(busy.id)?.status).toBe("in_progress");
  });
});

describe("while a service is down", () => {
  it("shows what it last knew of Modal as stale, says why, and comes back", async () => {
    const busy = await watched.startBusy();
    const terminal = watched.open({ columns: 120 });
    await terminal.until(oneRunning);
    watched.faults.isModalDown = true;
    const text = await terminal.until(/✗ Modal down[\s\S]*stale, of \d\d:\d\d:\d\d/);
    expect(text).toContain(busy.runner);
    expect(text).toMatch(/● GitHub/);
    expect(text).not.toMatch(/ at .*\.js:\d+/);
    watched.faults.isModalDown = false;
    terminal.type("r");
    await terminal.until(/● Modal/);
    expect(terminal.text()).not.toContain("stale");
    terminal.type("m");
    await terminal.until(/! Modal, Sandboxes: /);
  });

  it("keeps the jobs of a repository that it cannot look into any more, marked, and comes back", async () => {
    await watched.startBusy();
    const terminal = watched.open({ columns: 120 });
    await terminal.until(oneRunning);
    terminal.type("2");
    await terminal.until(/● running +Wait at the gate/);
    watched.faults.areJobsForbidden = true;
    const text = await terminal.until(/● running\? +Wait at the gate/);
    expect(text).toMatch(/◇ \? queued/);
    expect(text).toMatch(/! Could not read the jobs of acme\/app/);
    watched.faults.areJobsForbidden = false;
    terminal.type("r");
    await terminal.until(/● running +Wait at the gate/);
  });

  it("starts also while GitHub is down, with what Modal tells", async () => {
    const busy = await watched.startBusy();
    watched.faults.isGitHubDown = true;
    const terminal = watched.open({ columns: 120 });
    const text = await terminal.until(/✗ GitHub down[\s\S]*● busy/);
    expect(text).toContain(busy.runner);
    expect(text).toMatch(/GitHub: .*Next try (in|now)/);
    watched.faults.isGitHubDown = false;
    terminal.type("r");
    await terminal.until(/● GitHub/);
  });
});

describe("what it leaves behind", () => {
  // The other screen, and that pasted text is marked as such.
  const isLeft = (output: string) =>
    ["1049", "2004"].every((mode) => {
      const entered = output.lastIndexOf(`\u001B[?${mode}h`);
      return entered >= 0 && output.lastIndexOf(`\u001B[?${mode}l`) > entered;
    });

  it.each([
    ["q", "q", 0],
    ["Ctrl-C", keys.ctrlC, 130],
  ])("is a terminal as it was, after %s", async (_, typed, code) => {
    const terminal = watched.open();
    await terminal.until(empty);
    terminal.type(typed);
    const end = await terminal.ended;
    expect(end.code).toBe(code);
    expect(end.settingsAfter).toBe(end.settingsBefore);
    expect(end.settingsBefore).toMatch(/ icanon/);
    expect(isLeft(terminal.output())).toBe(true);
    expect(terminal.output().lastIndexOf("\u001B[?25h")).toBeGreaterThan(terminal.output().lastIndexOf("\u001B[?25l"));
  });

  it("is a runner that was ended to the end, and a word about it", async () => {
    const busy = await watched.startBusy();
    const terminal = watched.open({ columns: 160 });
    await terminal.until(runs(busy.id));
    terminal.type("x");
    await terminal.until(/and the job on it\?/);
    terminal.type("yq");
    const end = await terminal.ended;
    expect(end.code).toBe(0);
    expect(terminal.screen.buffer.active.type).toBe("normal");
    const told = new RegExp(`Waiting for: ending ${busy.runner}\\.[^]*${busy.runner}: ended; its job was interrupted`);
    expect(terminal.text()).toMatch(told);
    expect(watched.fleet.modal.running()).toEqual([]);
    expect(watched.jobOf(busy.id)?.status).toBe("completed");
  });

  it("is a terminal as it was, after SIGTERM, with a shell open or not", async () => {
    await watched.startBusy();
    for (const isShellOpen of [false, true]) {
      const terminal = watched.open();
      await terminal.until(oneRunning);
      if (isShellOpen) {
        terminal.type("s");
        await terminal.until(/Shell in/);
        terminal.type(`echo here-$((40 + 2))${keys.enter}`);
        await terminal.until(/here-42/);
      }
      process.kill(terminal.pid(), "SIGTERM");
      const end = await terminal.ended;
      expect(end.code).toBe(130);
      expect(end.settingsAfter).toBe(end.settingsBefore);
      expect(isLeft(terminal.output())).toBe(true);
    }
  });
});

describe("without a terminal", () => {
  it("says so and prints the runners", async () => {
    const busy = await watched.startBusy();
    const { code, stdout, stderr } = await run(["dashboard"], watched.fleet.env);
    expect([code, stderr]).toEqual([0, expect.stringContaining("takes a terminal")]);
    expect(stdout.split("\t").slice(0, 2)).toEqual([busy.runner, "busy"]);
  });

  it("has no JSON, and names the commands that do", async () => {
    const { code, stdout } = await run(["dashboard", "--json"], watched.fleet.env);
    expect(code).toBe(2);
    expect(JSON.parse(stdout).error.nextSteps).toContain("modal-gha runners ls --json");
  });
});
