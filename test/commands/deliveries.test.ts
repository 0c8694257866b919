import { afterAll, beforeAll, expect, it } from "vitest";
import { packageFile } from "../../src/lib/package-root.ts";
import { type Rehearsal, startRehearsal } from "../../src/lib/rehearsal/rehearsal.ts";
import { run, until } from "../e2e/cli.ts";

let fleet: Rehearsal;
/** Whether what is sent once more gets lost on its way. */
let isLost = false;
const deliveries = () => fleet.github.state().deliveries;
const failedOnes = () => deliveries().filter(({ status }) => status !== "OK");

beforeAll(async () => {
  const repositoryDirectory = packageFile("templates", "sample-repository");
  fleet = await startRehearsal({
    repositoryDirectory,
    repository: "sample",
    reconcileSeconds: 3600,
    github: { deliver: async ({ redelivery }, send) => (redelivery && isLost ? undefined : send()) },
  });
});
afterAll(() => fleet?.close());

const cli = (...args: string[]) => run(["deliveries", ...args], fleet.env);

it("has nothing to tell of a fleet that has heard nothing", async () => {
  const listed = await cli("ls");
  expect(listed).toEqual({ code: 0, stdout: "", stderr: "No deliveries within 1h.\n" });
  expect(await cli("ls", "--json")).toMatchObject({ code: 0, stdout: "[]\n" });
  expect(await cli("redeliver", "--failed")).toEqual({
    code: 0,
    stdout: "",
    stderr: "No failed deliveries within 1h.\n",
  });
});

it("lists failed deliveries, sends them once more, and tells of the decisions that came of it", async () => {
  fleet.github.setWebhookUrl("http://127.0.0.1:9/webhook");
  await fleet.github.trigger({ repository: "sample", event: "workflow_dispatch" });
  await until("a delivery that failed", () => failedOnes().length > 0);
  const failed = await cli("ls", "--failed");
  expect(failed.code).toBe(0);
  expect(failed.stdout).toMatch(
    /\tworkflow_job\.queued\tacme\/sample\t502\t\d+ms\t1\t\d+\tnot reached: failed to connect/,
  );
  expect(failed.stderr).toMatch(/deliveries redeliver --failed/);

  const again = await cli("redeliver", failedOnes()[0]!.id.toString());
  expect(again.code).toBe(1);
  expect(again.stdout).toMatch(/\tfailed\t502\tnot reached/);

  fleet.github.setWebhookUrl(fleet.webhookUrl);
  const sent = await cli("redeliver", "--failed", "--json");
  expect(sent).toMatchObject({ code: 0 });
  for (const each of JSON.parse(sent.stdout)) expect(each).toMatchObject({ result: "delivered" });
  expect((await cli("ls", "--failed")).stderr).toBe("No failed deliveries within 1h.\n");

  const told = await cli("ls", "--decisions", "--event", "workflow_job", "--json");
  const decisions = (JSON.parse(told.stdout) as { decision: string | null }[]).map(({ decision }) => decision);
  expect(decisions).toContain("spawn");
  expect((await cli("ls", "--limit", "1")).stderr).toMatch(/^\d+ more; --limit \d+ shows them\.$/m);
  await fleet.github.settled();
});

it("ends with exit code 8 when the result does not come in time", async () => {
  isLost = true;
  const { code, stdout } = await cli("redeliver", String(deliveries()[0]?.id), "--wait", "1s", "--json");
  isLost = false;
  expect(code).toBe(8);
  expect(JSON.parse(stdout)).toMatchObject([{ result: "pending", newId: null, failure: null }]);
});

it("says what is wrong with how it was called", async () => {
  for (const args of [
    ["redeliver"],
    ["redeliver", "1", "--failed"],
    ["ls", "--since", "soon"],
    ["ls", "--limit", "0"],
  ]) {
    expect((await cli(...args)).code).toBe(2);
  }
  const unknown = await cli("redeliver", "12345678901");
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toMatch(/There is no delivery 12345678901\.[\s\S]*modal-gha deliveries ls/);
});

it("needs neither Modal nor an App: a token, and the address that webhooks go to", async () => {
  const { MODAL_GHA_APP_ID: _app, GITHUB_TOKEN: token = "", ...rest } = fleet.env as Record<string, string>;
  const env = { ...rest, MODAL_SERVER_URL: "http://127.0.0.1:9", MODAL_GHA_GITHUB_TOKEN: token };
  const { MODAL_GHA_WEBHOOK_URL: url, ...withoutUrl } = env as Record<string, string>;
  expect(url).toBe(fleet.webhookUrl);
  const nowhere = await run(["deliveries", "ls"], withoutUrl);
  expect(nowhere.code).toBe(1);
  expect(nowhere.stderr).toMatch(/\nNext:\n {2}modal-gha config set webhookUrl .*\n {2}.*MODAL_GHA_WEBHOOK_URL/);
  const none = await run(["deliveries", "ls"], env);
  expect(none.code).toBe(1);
  expect(none.stderr).toMatch(/No webhook of \/orgs\/acme goes to/);
});
