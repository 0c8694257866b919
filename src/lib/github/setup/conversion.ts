// The exchange of a manifest's code for the new App and its keys.
import { setTimeout as sleepFor } from "node:timers/promises";
import { z } from "zod";
import { anonymousGitHub } from "../client.ts";
import { isRequestError } from "../errors.ts";
import { SetupError } from "./setup-error.ts";

/** Source: docs.github.com/rest/apps/apps#create-a-github-app-from-a-manifest */
const conversionSchema = z.object({
  id: z.number(),
  slug: z.string(),
  name: z.string(),
  html_url: z.string(),
  owner: z.object({ login: z.string() }),
  client_id: z.string(),
  pem: z.string(),
  webhook_secret: z.string().nullish(),
});

export interface CreatedApp {
  appId: number;
  slug: string;
  name: string;
  htmlUrl: string;
  /** Login of the organisation or user. */
  owner: string;
  clientId: string;
  /** PEM. A secret. */
  privateKey: string;
  /** A secret. Null where GitHub made none, as for a manifest without a webhook: then set one with setHook. */
  webhookSecret: string | null;
}

/** Pauses before the next tries, when GitHub did not answer or is in trouble. */
const pausesMs = [1_000, 3_000];

/**
 * Takes a code, good for an hour and once.
 * @throws SetupError (code-expired, conversion-refused, conversion-failed); none holds the code, which is as good as the key
 */
export async function convertManifestCode(
  apiUrl: string,
  code: string,
  sleep: (ms: number) => Promise<unknown> = (ms) => sleepFor(ms),
): Promise<CreatedApp> {
  const octokit = anonymousGitHub(apiUrl);
  for (let tries = 0; ; tries++) {
    try {
      const { data } = await octokit.request("POST /app-manifests/{code}/conversions", { code });
      const app = conversionSchema.parse(data);
      return {
        appId: app.id,
        slug: app.slug,
        name: app.name,
        htmlUrl: app.html_url,
        owner: app.owner.login,
        clientId: app.client_id,
        privateKey: app.pem,
        webhookSecret: app.webhook_secret || null,
      };
    } catch (error) {
      if (!isRequestError(error)) throw unreadable();
      const pause = pausesMs[tries];
      if (error.status < 500 || pause === undefined) throw explain(error, tries > 0);
      await sleep(pause);
    }
  }
}

/** GitHub has made the App by then, with a key that nobody has. */
const startOver = [
  "Delete the new App on its settings page at GitHub, under Advanced, so that its name is free again.",
  "Then run this again.",
];

function explain({ status, message }: { status: number; message: string }, isRepeated: boolean): SetupError {
  // A cause would bring the request along, and with it the code.
  const said = `GitHub answered ${status}: ${message.split(" - https://")[0]}.`;
  if (status === 404) {
    const lost = "An answer was lost on its way, and the code is good for once";
    const late = "The code is good for an hour and once, and this one was used or is too old";
    return new SetupError("code-expired", "GitHub does not know the code for the new App any more.", {
      why: `${isRepeated ? lost : late}. ${said}`,
      nextSteps: startOver,
    });
  }
  if (status < 500) {
    return new SetupError("conversion-refused", "GitHub did not hand out the new App.", {
      why: said,
      nextSteps: startOver,
    });
  }
  return new SetupError("conversion-failed", "GitHub could not be reached to take over the new App.", {
    why: said,
    nextSteps: ["Check the network and https://www.githubstatus.com.", ...startOver],
  });
}

function unreadable(): SetupError {
  return new SetupError("conversion-failed", "GitHub's answer about the new App cannot be read.", {
    why: "It is not what GitHub's documentation says; perhaps a proxy stands between.",
    nextSteps: startOver,
  });
}
