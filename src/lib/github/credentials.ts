// Who a fleet can be to GitHub, and how several Apps are named in the environment.

export type GitHubCredentials =
  | { kind: "app"; appId: string /** PEM. */; privateKey: string }
  | { kind: "token"; token: string };

/** Environment variables of one GitHub App. */
export interface AppVariables {
  appId: string;
  privateKey: string;
  privateKeyFile: string;
  webhookSecret: string;
}

/** The first App's have no number, the others' end with theirs: MODAL_GHA_APP_ID_2, MODAL_GHA_PRIVATE_KEY_2_FILE. */
export function appVariables(number: number): AppVariables {
  const suffix = number === 1 ? "" : `_${number}`;
  return {
    appId: `MODAL_GHA_APP_ID${suffix}`,
    privateKey: `MODAL_GHA_PRIVATE_KEY${suffix}`,
    privateKeyFile: `MODAL_GHA_PRIVATE_KEY${suffix}_FILE`,
    webhookSecret: `MODAL_GHA_WEBHOOK_SECRET${suffix}`,
  };
}

/** The numbers, from 2, of the further Apps that the environment names, in order; gaps are allowed. Empty is not named. */
export function furtherApps(environment: Readonly<Record<string, string | undefined>>): number[] {
  return Object.keys(environment)
    .map((name) => Number(/^MODAL_GHA_APP_ID_([2-9]|[1-9]\d+)$/.exec(name)?.[1] ?? 0))
    .filter((number) => number > 0 && environment[appVariables(number).appId])
    .sort((a, b) => a - b);
}

/** Whether a variable, or a value of that name in the fleet's Secret, is a further App's. */
export function isOfFurtherApp(name: string): boolean {
  return /^MODAL_GHA_(APP_ID|PRIVATE_KEY|WEBHOOK_SECRET)_\d+$/.test(name);
}
