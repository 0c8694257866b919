// Real deploys, by Modal's own Python client, of small Apps that then run here.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { modalClient, runModal } from "../../../python.ts";
import { type Bench, startBench } from "./support.ts";

const bin = await modalClient();

const app = (answer: string) => `
import os
import subprocess
import sys
from pathlib import Path

import modal

here = Path(__file__).parent
image = (
    modal.Image.debian_slim()
    .env({"COLOUR": "blue"})
    .add_local_file(here / "big.txt", "/root/big.txt")
)
app = modal.App("small", image=image, tags={"team": "ci"})
server = '''
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        text = " ".join(["${answer}", os.environ["COLOUR"], os.environ.get("WORD", "-"), str(os.path.getsize("big.txt"))])
        self.send_response(200); self.end_headers(); self.wfile.write(text.encode())
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(201); self.end_headers(); self.wfile.write(self.headers["x-mark"].encode() + b":" + body[::-1])
http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
'''

@app.function(secrets=[modal.Secret.from_name("words")], scaledown_window=2)
@modal.concurrent(max_inputs=10)
@modal.web_server(8000, startup_timeout=20)
def serve():
    subprocess.Popen([sys.executable, "-c", server])

@app.function(schedule=modal.Cron("0 0 1 1 *"))
def tidy():
    print("tidy sees", serve.get_web_url())
`;

describe.runIf(bin !== undefined)("a deploy by Modal's Python client", () => {
  let bench: Bench;
  let folder: string;
  const lines: string[] = [];
  const deploy = (answer: string) => {
    writeFileSync(join(folder, "small.py"), app(answer));
    const env = bench.emulator.environment();
    return runModal(bin as string, ["deploy", "small.py"], { cwd: folder, env });
  };
  const { promise: ended, resolve: onEnded } = Promise.withResolvers<void>();
  const serve = async () => {
    const found = await bench.client.cpClient.functionGet({ appName: "small", objectTag: "serve" });
    return found.handleMetadata?.webUrl ?? "";
  };
  const read = async () => (await fetch(await serve())).text();

  beforeAll(async () => {
    bench = await startBench({
      schedules: "ignore",
      log: (line) => {
        lines.push(line);
        if (/Container \S+ of serve ended/.test(line)) onEnded();
      },
    });
    folder = mkdtempSync(join(tmpdir(), "modal-functions-"));
    writeFileSync(join(folder, "big.txt"), "x".repeat(5_000_000));
  });
  afterAll(async () => {
    await bench[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  it("fails without the Secret that it names, in Modal's words", async () => {
    await expect(deploy("early")).rejects.toThrow(/Secret 'words' not found/);
  });

  it("serves what was deployed, with its image's variables, its Secrets and its files, started by the request", async () => {
    const { cpClient } = bench.client;
    await cpClient.secretGetOrCreate({ deploymentName: "words", objectCreationType: 1, envDict: { WORD: "hello" } });
    await deploy("first");
    expect(lines.some((line) => line.includes("of serve started"))).toBe(false);
    expect(await read()).toBe("first blue hello 5000000");
    const posted = await fetch(await serve(), { method: "POST", body: "abc", headers: { "x-mark": "m" } });
    expect([posted.status, await posted.text()]).toEqual([201, "m:cba"]);
  });

  it("scales to zero, and starts again", async () => {
    await ended;
    expect(await read()).toBe("first blue hello 5000000");
  });

  it("runs a scheduled Function, which knows the other's address", async () => {
    expect(await bench.emulator.runFunction("small", "tidy")).toBe(0);
    const app = await bench.client.apps.fromName("small");
    const { batches } = await bench.client.cpClient.appFetchLogs({ appId: app.appId, limit: 100 });
    expect(batches.flatMap(({ items }) => items).map(({ data }) => data)).toContain(`tidy sees ${await serve()}\n`);
  });

  it("keeps address and App over a redeploy, and goes back", async () => {
    const [before, url] = [await bench.client.apps.fromName("small"), await serve()];
    await deploy("second");
    expect(await serve()).toBe(url);
    expect((await bench.client.apps.fromName("small")).appId).toBe(before.appId);
    expect(await read()).toMatch(/^second /);
    const { cpClient } = bench.client;
    expect((await cpClient.appGetTags({ appId: before.appId })).tags).toEqual({ team: "ci" });
    await cpClient.appRollback({ appId: before.appId, version: -1 });
    expect(await read()).toMatch(/^first /);
    const history = await cpClient.appDeploymentHistory({ appId: before.appId });
    expect(history.appDeploymentHistories.map(({ version, rollbackVersion }) => [version, rollbackVersion])).toEqual([
      [3, 1],
      [2, 0],
      [1, 0],
    ]);
  });

  it("gives changed Secrets to new containers only", async () => {
    expect(await read()).toContain(" hello ");
    const { secretId } = await bench.client.secrets.fromName("words");
    await bench.client.cpClient.secretUpdate({ secretId, updates: [{ key: "WORD", value: "changed" }] });
    expect(await read()).toContain(" hello ");
    await deploy("third");
    expect(await read()).toBe("third blue changed 5000000");
  });

  it("answers nothing once the App is stopped, and nothing is left running", async () => {
    const url = await serve();
    await runModal(bin as string, ["app", "stop", "--yes", "small"], {
      cwd: folder,
      env: bench.emulator.environment(),
    });
    expect((await fetch(url)).status).toBe(404);
    await bench.emulator.close();
    expect(await bench.emulator.processes()).toEqual([]);
  });

  it("refuses a wrong token", async () => {
    await using other = await startBench();
    const env = { ...other.emulator.environment(), MODAL_TOKEN_SECRET: "as-wrong" };
    await expect(runModal(bin as string, ["deploy", "small.py"], { cwd: folder, env })).rejects.toThrow(/[Tt]oken/);
  });
});
