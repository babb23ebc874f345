import { describe, expect, it } from 'vitest';
import { signInFailure } from './sign-in-failure.ts';

describe('signInFailure', () => {
  it('tells the wait, and nothing that tells an account from none', () => {
    expect(signInFailure('rate_limited:1500')).toBe('Too many tries. Wait 2 seconds and try again.');
    expect(signInFailure('rate_limited:600000')).toBe('Too many tries. Wait 10 minutes and try again.');
    expect(signInFailure('CredentialsSignin')).toBe('The e-mail or the password is not right.');
    expect(signInFailure(undefined)).toMatch(/cannot be reached/);
  });
});
