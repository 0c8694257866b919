// What the listener's process ends with: src/Runner.Common/Constants.cs of actions/runner, Runner.ReturnCode.
export const returnCode = {
  success: 0,
  terminated: 1,
  retryable: 2,
  sessionConflict: 5,
  versionDeprecated: 7,
} as const;
export type ReturnCode = (typeof returnCode)[keyof typeof returnCode];
