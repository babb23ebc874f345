import { describe, expect, it } from 'vitest';
import { limits } from '../lib/contracts/limits.ts';
import { isLoopback, readConfig, settings } from './config.ts';
import { refuseUnsafe, setupWords } from './opening-words.ts';

const wrong: Record<keyof typeof settings, string[]> = {
  HOST: [],
  PORT: ['abc', '-1', '65536', '3000.5'],
  PUBLIC_URL: ['ide.example.com', 'ftp://x', 'javascript:alert(1)'],
  GATEWAY_PORT: ['x', '70000'],
  GATEWAY_URL: ['nowhere', 'file:///x'],
  DATA_DIR: [],
  STORE: ['sqlite'],
  PROVISIONER: ['docker'],
  SECRET_KEY: ['too-short-to-be-a-secret'],
  LOCAL_TRUSTED_USERS: ['true', 'YES'],
  LOCAL_ORPHAN_HOURS: ['never', '0', '1000'],
  TRUSTED_PROXIES: ['localhost', '10.0.0.1,nonsense', '10.0.0.0/8'],
  IGNORE_RULES: [
    Array.from({ length: limits.ignoreRulesMax + 1 }, (_, index) => `r${index}`).join(','),
    'x'.repeat(limits.ignoreRuleBytesMax + 1),
    Array.from({ length: 60 }, () => 'x'.repeat(1_000)).join(','),
  ],
  LOG_LEVEL: ['loud'],
};

describe('settings', () => {
  it('have a default each, and empty counts as unset', () => {
    const unset = readConfig({});
    expect(unset).toMatchObject({ HOST: '127.0.0.1', PORT: 3000, STORE: 'lmdb', LOCAL_TRUSTED_USERS: false });
    expect(readConfig(Object.fromEntries(Object.keys(settings).map((name) => [name, ''])))).toEqual(unset);
  });

  it('are read as they are meant', () => {
    expect(
      readConfig({
        ...{ PORT: '8080', TRUSTED_PROXIES: ' 10.0.0.1, ::1 ,', LOCAL_TRUSTED_USERS: 'yes', LOCAL_ORPHAN_HOURS: '0.5' },
        ...{ PUBLIC_URL: 'https://ide.example.com', IGNORE_RULES: 'a,b/c' },
      }),
    ).toMatchObject({
      ...{ PORT: 8080, TRUSTED_PROXIES: ['10.0.0.1', '::1'], LOCAL_TRUSTED_USERS: true, LOCAL_ORPHAN_HOURS: 0.5 },
      ...{ PUBLIC_URL: 'https://ide.example.com', IGNORE_RULES: ['a', 'b/c'] },
    });
  });

  it.each(Object.entries(wrong).flatMap(([name, values]) => values.map((value) => [name, value])))(
    'name %s when it is %s',
    (name, value) => {
      const failing = () => readConfig({ [name]: value });
      expect(failing).toThrow(expect.objectContaining({ code: 'invalid_request', details: { field: name } }));
      // A sentence a person can act on, without a validator’s own words.
      expect(failing).toThrow(new RegExp(`^The setting ${name} must (be|have) .*\\.$`));
    },
  );

  it('never print a secret', () => {
    const [secret = ''] = wrong.SECRET_KEY;
    expect(() => readConfig({ SECRET_KEY: secret })).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining(secret) }),
    );
  });

  it('have examples that are right', () => {
    for (const [name, { example }] of Object.entries(settings))
      expect(() => readConfig({ [name]: example })).not.toThrow();
  });
});

describe('what is safe to serve', () => {
  it('knows loopback', () => {
    for (const host of ['127.0.0.1', '127.9.9.9', 'localhost', 'LOCALHOST', 'app.localhost', '::1', '[::1]'])
      expect(isLoopback(host), host).toBe(true);
    for (const host of [
      '0.0.0.0',
      '::',
      '10.0.0.1',
      '127.0.0.1.example.com',
      'localhost.example.com',
      'xlocalhost',
      '',
    ])
      expect(isLoopback(host), host).toBe(false);
  });

  it('is loopback; beyond it only with trusted users and a sandbox', () => {
    const bare = { isolation: 'none', isolationReason: 'there is no bwrap' } as const;
    refuseUnsafe(readConfig({}), bare);
    const beyond = { HOST: '0.0.0.0' };
    expect(() => refuseUnsafe(readConfig(beyond))).toThrow(/LOCAL_TRUSTED_USERS/);
    const trusted = readConfig({ ...beyond, LOCAL_TRUSTED_USERS: 'yes' });
    refuseUnsafe(trusted, { isolation: 'bubblewrap', isolationReason: null });
    expect(() => refuseUnsafe(trusted, bare)).toThrow(/there is no bwrap/);
  });

  it('asks for a set-up code wherever someone else could be first', () => {
    const code = (environment: Record<string, string>) => setupWords(readConfig(environment), () => 'code');
    expect(code({})).toBeNull();
    expect(code({ PUBLIC_URL: 'http://localhost:3000' })).toBeNull();
    expect(code({ HOST: '0.0.0.0' })).toBe('code');
    expect(code({ PUBLIC_URL: 'https://ide.example.com' })).toBe('code');
  });
});
