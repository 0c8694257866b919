// Fetches the story of the selected row while the detail is open: once the selection rests, and again from time to time.
import { explainError } from "../../lib/cli/explain-error.ts";
import { redact } from "../../lib/cli/redact.ts";
import type { DashboardRunner, DashboardSource } from "../../lib/dashboard/source.ts";
import type { ListedDelivery } from "../../lib/operations/list-deliveries.ts";
import type { ListedJob } from "../../lib/operations/list-jobs.ts";
import type { Allowance } from "./allowance.ts";
import { selectedRow } from "./rows.ts";
import type { DashboardState, StoryLine } from "./state.ts";
import type { Store } from "./store.ts";
import { tellJob } from "./tell-job.ts";
import { viewOf } from "./views.ts";

/** Whoever walks through the rows does not want the story of each. */
const restMs = 200;
/** A story takes some calls of GitHub's. */
const againMs = 20_000;

/** @returns ends it */
export function startStories(store: Store, source: DashboardSource, allowance: Allowance): () => void {
  let current: string | undefined;
  let timer: NodeJS.Timeout | undefined;

  const later = (ms: number, of: string) => {
    clearTimeout(timer);
    timer = setTimeout(() => void fetchStory(of), ms);
  };

  async function fetchStory(of: string): Promise<void> {
    const known = store.state().story;
    if (known?.of !== of) store.dispatch({ type: "story", story: { of, at: 0, isLoading: true, lines: [] } });
    const lines = await tell(store.state(), source).catch((error: unknown) => failure(error));
    if (current !== of) return;
    store.dispatch({ type: "story", story: { of, at: store.state().now, isLoading: false, lines } });
    later(Math.max(againMs, allowance.waitMs(store.state().feeds.rate.data?.limit)), of);
  }

  const forget = store.subscribe(() => {
    const of = storyWanted(store.state());
    if (of === current) return;
    current = of;
    if (of === undefined) clearTimeout(timer);
    else later(restMs, of);
  });
  return () => {
    current = undefined;
    clearTimeout(timer);
    forget();
  };
}

/** Which story is to be shown; undefined for none. */
function storyWanted(state: DashboardState): string | undefined {
  const row = selectedRow(state);
  if (!state.isDetailOpen || row === undefined || state.view === "usage") return undefined;
  return `${state.view} ${viewOf(state.view).identity(row)}`;
}

async function tell(state: DashboardState, source: DashboardSource): Promise<StoryLine[]> {
  const row = selectedRow(state);
  if (state.view === "deliveries") return tellDelivery(row as ListedDelivery, source);
  if (state.view === "jobs") {
    const { url, job } = row as ListedJob;
    return tellJob(await source.explain(url || String(job)));
  }
  const { runner, job, repository, run, state: is } = row as DashboardRunner;
  if (job === 0 && is === "busy") return [{ text: "GitHub does not show yet which job it runs.", tone: "strong" }];
  if (job === 0) return [{ text: "It is kept ready for whichever job comes, and has had none yet.", tone: "strong" }];
  // Of a runner's job, tags may name another. Where the Sandbox is gone, the job that it was made for tells the most.
  const url = repository !== null && run ? source.jobUrl(repository, run, job) : undefined;
  return tellJob(await source.explain(url ?? (is === "no-sandbox" ? String(job) : runner)));
}

async function tellDelivery(row: ListedDelivery, source: DashboardSource): Promise<StoryLine[]> {
  const answer = await source.deliveryAnswer(row.id);
  const sent: StoryLine = {
    text: row.isFailed ? `It never came through: ${row.failure}` : "It came through.",
    tone: row.isFailed ? "bad" : "strong",
  };
  if (answer === null) return [sent, { text: "The answer holds no decision.", tone: "muted" }];
  return [
    sent,
    { text: "", tone: "plain" },
    { text: "The controller answered", tone: "strong" },
    { text: `  ${answer.reason}`, tone: "good" },
    ...[answer.meaning, answer.detail].flatMap((text) =>
      text === null ? [] : [{ text: `  ${text}`, tone: "plain" as const }],
    ),
  ];
}

function failure(error: unknown): StoryLine[] {
  const { message, why } = explainError(error);
  const lines = [message, why].filter((text) => text !== undefined);
  return lines.map((text, index) => ({ text: redact(text), tone: index === 0 ? "bad" : "plain" }));
}
