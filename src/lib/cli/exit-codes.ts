// The one table of exit codes. Scripts branch on them, so they are part of the command line contract.

export const ExitCode = {
  /** Done, also when a list came out empty. */
  Ok: 0,
  /** It did not work. */
  Failure: 1,
  /** The command line was wrong; nothing was tried. oclif's own number for it. */
  Usage: 2,
  /** Credentials are missing, wrong or lack a permission. */
  Authentication: 4,
  /** Nothing is wrong, but it is not done yet. */
  Pending: 8,
  /** Ended by a signal: 128 + SIGINT, as shells report it. */
  Interrupted: 130,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
