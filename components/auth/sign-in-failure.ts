/**
 * What to say when signing in failed. The credentials provider answers `rate_limited:<milliseconds>` when there were too
 * many tries; everything else sounds alike, so that nobody learns which e-mail addresses have an account.
 */
export function signInFailure(error: string | null | undefined): string {
  if (error === undefined) return 'The server cannot be reached. Check the connection and try again.';
  const waitMs = error?.match(/^rate_limited:(\d+)$/)?.[1];
  if (waitMs === undefined) return 'The e-mail or the password is not right.';
  return `Too many tries. Wait ${waitText(Number(waitMs))} and try again.`;
}

function waitText(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1_000);
  if (seconds < 90) return seconds === 1 ? '1 second' : `${seconds} seconds`;
  return `${Math.ceil(seconds / 60)} minutes`;
}
