// What a request means for the budget: how urgent it is, what it costs, and who is charged.

/**
 * `mint` registers a runner; `finish` lets work that was begun come to its end (clean-up, look-ups of one job, signing in);
 * `sweep` is all else, above all the lists that a look at the whole fleet reads.
 */
export type Urgency = "mint" | "finish" | "sweep";

export interface Call {
  urgency: Urgency;
  /** Points of the secondary limit: docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#calculating-points-for-the-secondary-rate-limit */
  cost: number;
  /** An App signs in as itself, by JWT, at few addresses; everywhere else by its installation's token. */
  as: "app" | "token";
  /** Of `mint`: the organisation or repository that gets a runner, as its path. */
  place?: string;
}

const mintPath = /^(.*)\/actions\/runners\/generate-jitconfig$/;
const asApp = /^\/app(\/|$)|^\/(orgs\/[^/]+|users\/[^/]+|repos\/[^/]+\/[^/]+)\/installation$/;
const finishing: readonly RegExp[] = [
  /^DELETE .*\/actions\/runners\/\d+$/,
  /^GET .*\/actions\/(jobs|runs)\/\d+$/,
  /^POST \/app\/installations\/\d+\/access_tokens$/,
  /^GET .*\/installation$/,
];

/**
 * @param url absolute
 * @param baseUrl of the REST API, without a slash at its end
 */
export function describeCall(method: string, url: string, baseUrl: string): Call {
  const path = (url.startsWith(baseUrl) ? url.slice(baseUrl.length) : new URL(url).pathname).split("?")[0] ?? "";
  const cost = method === "GET" || method === "HEAD" ? 1 : 5;
  const as = asApp.test(path) ? "app" : "token";
  const minting = method === "POST" ? mintPath.exec(path) : null;
  if (minting) return { urgency: "mint", cost, as, place: (minting[1] ?? "").toLowerCase() };
  const isFinishing = finishing.some((pattern) => pattern.test(`${method} ${path}`));
  return { urgency: isFinishing ? "finish" : "sweep", cost, as };
}

/** The call that registers a runner under a path of runnersPath. */
export function mintCall(place: string): Call {
  return { urgency: "mint", cost: 5, as: "token", place: place.toLowerCase() };
}
