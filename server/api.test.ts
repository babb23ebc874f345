import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { request as plainRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { limits } from '../lib/contracts/limits.ts';
import { type ApiOptions, apiOf, browserLogin, openSocket, outcomeOf } from './testing/api-client.ts';
import { RunningServer, run } from './testing/running-server.ts';

const server = new RunningServer();
const api = apiOf(server);
const password = 'correct horse battery';
const longMs = 60_000;

interface Account {
  token: string;
  workspaceId: string;
  email: string;
}
let ada: Account;
let eve: Account;

async function register(name: string): Promise<Account> {
  const email = `${name}@example.com`;
  const { status, value } = await api('/auth/register', { json: { email, password, name } });
  expect(status).toBe(201);
  expect(Object.keys(value).sort()).toEqual(['expiresAt', 'token', 'user', 'workspace']);
  return { token: value.token, workspaceId: value.workspace.workspaceId, email };
}

const running = (account: Account) =>
  vi.waitFor(
    async () => expect((await api(`/workspaces/${account.workspaceId}`, account)).value.status).toBe('running'),
    { timeout: longMs, interval: 100 },
  );
const content = (path: string, of = ada) =>
  `/workspaces/${of.workspaceId}/files/content?path=${encodeURIComponent(path)}`;

beforeAll(async () => {
  await server.start();
  ada = await register('ada');
  eve = await register('eve');
  await running(ada);
}, 2 * longMs);
afterAll(() => server.end(), longMs);

describe('accounts', () => {
  it('sign in, say who they are, and end', async () => {
    const { status, value } = await api('/auth/login', { json: { email: ' ADA@example.com', password } });
    expect(status).toBe(200);
    expect(Object.keys(value).sort()).toEqual(['expiresAt', 'token', 'user']);
    const { token } = value;
    const me = await api('/me', { token });
    expect(me.value).toMatchObject({ email: 'ada@example.com', operator: true });
    expect(JSON.stringify(me.value)).not.toContain('argon2');
    expect((await api('/auth/logout', { token, method: 'POST' })).status).toBe(204);
    expect(await api('/me', { token })).toMatchObject({ status: 401 });
    expect((await api('/me', ada)).status).toBe(200);
  });

  it('are refused with a problem that names what is wrong', async () => {
    const wrong: [unknown, number, string][] = [
      [{ email: 'ada@example.com', password, name: 'x' }, 409, 'email'],
      [{ email: 'nonsense', password, name: 'x' }, 400, 'email'],
      [{ email: 'new@example.com', password: 'short', name: 'x' }, 400, 'password'],
      [{ email: 'new@example.com', password, name: ' ' }, 400, 'name'],
      [{ email: 'new@example.com', password: { $ne: 1 }, name: 'x' }, 400, 'password'],
    ];
    for (const [json, status, field] of wrong)
      expect(await api('/auth/register', { json })).toMatchObject({ status, value: { field } });
    const unknown = await api('/auth/login', { json: { email: 'nobody@example.com', password } });
    const bad = await api('/auth/login', { json: { email: 'eve@example.com', password: 'wrong' } });
    expect(unknown.status).toBe(401);
    expect(bad.value).toEqual(unknown.value);
  });

  it('take JSON alone, of a bounded size, however deep', async () => {
    const post = (body: BodyInit, type = 'application/json') =>
      api('/auth/login', { body, headers: { 'content-type': type } });
    expect((await post('{}', 'text/plain')).status).toBe(400);
    expect((await post('{')).status).toBe(400);
    expect((await post('[]')).status).toBe(400);
    expect((await post(`{"email":${'['.repeat(400_000)}${']'.repeat(400_000)}}`)).status).toBe(400);
    expect((await post(`"${'x'.repeat(limits.httpBodyBytesMax)}"`)).status).toBe(413);
    expect((await post(Buffer.from([0xff, 0xfe, 0x00]))).status).toBe(400);
  });
});

describe('what needs a login', () => {
  it('is refused without one, with a false one, and with a cookie alone', async () => {
    const ways = ['/me', '/workspaces', `/workspaces/${'a'.repeat(26)}`, '/sessions', content('a'), '/sessions/none'];
    for (const way of ways) {
      for (const headers of [
        {},
        { authorization: 'Bearer' },
        { authorization: 'Bearer nonsense' },
        { authorization: `Basic ${ada.token}` },
        { cookie: `coditect-session=${ada.token}` },
      ]) {
        const { status, headers: answered } = await api(way, { headers: headers as Record<string, string> });
        expect(status, way).toBe(401);
        expect(answered.get('www-authenticate')).toBe('Bearer');
      }
    }
  });

  it('is not there for another tenant, in the words used for what does not exist', async () => {
    const { value: mine } = await api('/sessions', ada);
    const foreign = mine.sessions[0].sessionId;
    const none = 'a'.repeat(26);
    const pairs: [string, string, ApiOptions][] = [
      [`/workspaces/${ada.workspaceId}`, `/workspaces/${none}`, {}],
      [`/workspaces/${ada.workspaceId}/trail`, `/workspaces/${none}/trail`, {}],
      [`/workspaces/${ada.workspaceId}/files`, `/workspaces/${none}/files`, {}],
      [`/sessions/${foreign}`, `/sessions/${none}`, {}],
      [`/sessions/${foreign}`, `/sessions/${none}`, { method: 'DELETE' }],
      [`/sessions/${foreign}`, `/sessions/${none}`, { method: 'PATCH', json: { name: 'x' } }],
      [content('a'), content('a', { ...ada, workspaceId: none }), { method: 'PUT', body: 'x' }],
      [content('a'), content('a', { ...ada, workspaceId: none }), { method: 'DELETE' }],
    ];
    for (const [there, nowhere, options] of pairs) {
      const [one, other] = [await api(there, { ...eve, ...options }), await api(nowhere, { ...eve, ...options })];
      expect(one.status, there).toBe(404);
      expect(one.value).toEqual(other.value);
    }
    expect((await api('/workspaces', eve)).value.workspaces).toMatchObject([{ workspaceId: eve.workspaceId }]);
    const json = { workspaceId: ada.workspaceId, name: 'Mine now' };
    expect((await api('/sessions', { ...eve, json })).status).toBe(404);
  });

  it('is answered with a problem where there is nothing at all', async () => {
    for (const way of ['', '/', '/nosuch', '/me/more', '/workspaces/x/y/z'])
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])
        expect(await api(way, { method }), `${method} ${way}`).toMatchObject({ status: 404, code: 'not_found' });
    expect((await api('/workspaces/Not-An-Id', ada)).status).toBe(400);
    expect((await fetch(`${server.url}/%`)).status).toBe(400);
    expect((await fetch(`${server.url}/nosuch`)).status).toBe(404);
  });
});

describe('workspaces and sessions', () => {
  it('say how they came to run, stage by stage', async () => {
    const { value } = await api(`/workspaces/${ada.workspaceId}`, ada);
    expect(value).toMatchObject({ workspaceId: ada.workspaceId, status: 'running', error: null });
    const names = value.stages.map(({ name }: { name: string }) => name);
    expect([names[0], names.at(-1)]).toEqual(['requested', 'ready']);
    for (const stage of value.stages)
      expect(stage).toMatchObject({ startedAt: expect.any(Number), endedAt: expect.any(Number), error: null });
  });

  it('can be made, changed and ended', async () => {
    const made = await api('/sessions', { ...ada, json: { workspaceId: ada.workspaceId, name: ' Second ' } });
    expect(made).toMatchObject({ status: 201, value: { name: 'Second', status: 'active', files: [], agents: [] } });
    const way = `/sessions/${made.value.sessionId}`;
    expect((await api(way, ada)).value).toEqual(made.value);
    const change = { name: 'Renamed', layout: '{}', status: 'suspended' };
    expect((await api(way, { ...ada, method: 'PATCH', json: change })).value).toMatchObject(change);
    expect((await api(way, { ...ada, method: 'PATCH', json: { status: 'terminated' } })).status).toBe(400);
    expect((await api(way, { ...ada, method: 'PATCH', json: { files: 5 } })).status).toBe(400);
    expect((await api(way, { ...ada, method: 'DELETE' })).status).toBe(204);
    expect((await api(way, ada)).status).toBe(404);
    expect((await api('/sessions', { ...ada, json: { workspaceId: ada.workspaceId } })).value).toMatchObject({
      field: 'name',
    });
  });
});

describe('files', () => {
  const put = (path: string, body: BodyInit, headers: Record<string, string> = {}) =>
    api(content(path), { ...ada, method: 'PUT', body, headers });
  const etag = (bytes: Buffer | string) => `"sha256-${hash('sha256', bytes)}"`;

  it('go there and back byte for byte, whatever their size and name', async () => {
    const large = Buffer.alloc(limits.fileFrameBytesMax * 2 + 77, 'four thousand and more\0\xff');
    const odd = `b64:${Buffer.from([0xff, 0x20, 0xfe]).toString('base64url')}`;
    for (const [path, bytes] of [
      ['empty', Buffer.alloc(0)],
      [odd, Buffer.from([0, 255, 10, 13])],
      ['naïve & +%20?.txt', Buffer.from('ü')],
      ['large.bin', large],
    ] as const) {
      const written = await put(path, new Uint8Array(bytes));
      expect(written.status, path).toBe(204);
      expect(written.headers.get('etag')).toBe(etag(bytes));
      const read = await api(content(path), ada);
      expect(read.bytes.equals(bytes), path).toBe(true);
      expect(read.headers.get('etag')).toBe(etag(bytes));
      expect(read.headers.get('content-disposition')).toBe('attachment');
      expect((await api(content(path), { ...ada, headers: { 'if-none-match': etag(bytes) } })).status).toBe(304);
    }
    const { value } = await api(`/workspaces/${ada.workspaceId}/files?path=`, ada);
    expect(value.entries).toContainEqual(expect.objectContaining({ path: odd, type: 'file', size: 4 }));
  });

  it('are replaced and removed only as expected', async () => {
    expect((await put('one', 'first', { 'if-none-match': '*' })).status).toBe(201);
    expect(await put('one', 'other', { 'if-none-match': '*' })).toMatchObject({ status: 412, code: 'stale_write' });
    expect(await put('one', 'other', { 'if-match': etag('not it') })).toMatchObject({
      status: 412,
      value: { facts: { sha256: hash('sha256', 'first') } },
    });
    expect((await put('one', 'second', { 'if-match': etag('first') })).status).toBe(204);
    expect((await put('one', 'third', { 'if-match': '"something"' })).status).toBe(400);
    const remove = (headers: Record<string, string>) => api(content('one'), { ...ada, method: 'DELETE', headers });
    expect((await remove({ 'if-match': etag('first') })).status).toBe(412);
    expect((await remove({ 'if-match': etag('second') })).status).toBe(204);
    expect((await remove({})).status).toBe(404);
    expect((await api(content('one'), ada)).status).toBe(404);
  });

  it('are nothing outside of the workspace', async () => {
    const hostile = [
      '../x',
      '/etc/passwd',
      'a/../../x',
      '.',
      './a',
      'a//b',
      'a/',
      '\0',
      'x'.repeat(256),
      'b64:YQ',
      'b64:!',
      '',
    ];
    for (const path of hostile) {
      expect((await api(content(path), ada)).status, path).toBe(400);
      expect((await put(path, 'x')).status, path).toBe(400);
    }
    expect((await api(content('a').replace('path=a', 'path=%ff'), ada)).value).toMatchObject({ field: 'url' });
    expect((await api(`${content('a')}&path=b`, ada)).value).toMatchObject({ field: 'path' });
    expect((await api(`/workspaces/${ada.workspaceId}/files?path=no/such`, ada)).status).toBe(404);
    expect((await put('no/such/folder', 'x')).status).toBe(404);
  });

  it(
    'are bounded in size',
    async () => {
      const tooLarge = Buffer.alloc(limits.fileWriteBytesMax + 1);
      expect(await put('huge', tooLarge)).toMatchObject({ status: 413, code: 'too_large' });
      expect((await api(content('huge'), ada)).status).toBe(404);
    },
    longMs,
  );
});

describe('the trail', () => {
  type Entry = {
    seq: number;
    path: string;
    kind: string;
    sha256: string;
    origin: { kind: string };
    recordedAt: number;
  };
  const trail = async (query = '') => {
    const { value } = await api(`/workspaces/${ada.workspaceId}/trail?${query}`, ada);
    return value as { entries: Entry[]; completeTo: number; next: number | null };
  };

  it('tells who saved what, and pages by every parameter', async () => {
    const sha256 = hash('sha256', 'to be recorded');
    await api(content('recorded.txt'), { ...ada, method: 'PUT', body: 'to be recorded' });
    await expect
      .poll(async () => (await trail('path=recorded.txt')).entries, { timeout: longMs })
      .toMatchObject([{ kind: 'created', path: 'recorded.txt', sha256, origin: { kind: 'api' } }]);
    const { entries: all, next } = await trail('order=oldest&limit=1000');
    expect(next).toBeNull();
    expect(all.map(({ seq }) => seq)).toEqual(all.map((_, index) => index + 1));
    expect((await trail('limit=2')).entries.map(({ seq }) => seq)).toEqual([all.length, all.length - 1]);
    expect((await trail('order=oldest&limit=2&after=1')).entries.map(({ seq }) => seq)).toEqual([2, 3]);
    expect((await trail('before=3')).entries.map(({ seq }) => seq)).toEqual([2, 1]);
    const { recordedAt } = all[2] as Entry;
    expect((await trail(`from=${recordedAt}&order=oldest`)).entries[0]?.recordedAt).toBe(recordedAt);
    expect((await trail(`to=${recordedAt}`)).entries.every((entry) => entry.recordedAt < recordedAt)).toBe(true);
  });

  it('refuses parameters that make no sense', async () => {
    for (const query of [
      'limit=0',
      'limit=1001',
      'limit=x',
      'order=up',
      'before=-1',
      'path=../x',
      'from=yesterday',
      'limit=1&limit=2',
    ])
      expect((await api(`/workspaces/${ada.workspaceId}/trail?${query}`, ada)).status, query).toBe(400);
  });
});

describe('the listener', () => {
  it('is healthy, ready, measured, and sends its headers with everything', async () => {
    for (const [path, words] of [
      ['/healthz', 'ok'],
      ['/readyz', 'ready'],
      ['/metrics', 'coditect_connections{kind="hosts"}'],
    ] as const) {
      const response = await fetch(server.url + path);
      expect(response.status).toBe(200);
      expect(await response.text()).toContain(words);
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    }
    const page = await fetch(`${server.url}/login`);
    const policy = page.headers.get('content-security-policy') ?? '';
    const [, nonce] = /'nonce-([a-z2-7]+)'/.exec(policy) ?? [];
    const scripts = [...(await page.text()).matchAll(/<script\b[^>]*>/g)].map(([tag]) => tag);
    expect(scripts.length).toBeGreaterThan(0);
    for (const tag of scripts) expect(tag).toContain(`nonce="${nonce}"`);
    const refused = await fetch(`${server.url}/api/v2/me`);
    expect(refused.headers.get('x-frame-options')).toBe('DENY');
    expect(page.headers.get('x-powered-by')).toBeNull();
  });

  it('answers to loopback names alone while it has no PUBLIC_URL', async () => {
    const statusFor = (host: string, path = '/login') =>
      new Promise<number | undefined>((done, failed) => {
        const { port } = new URL(server.url);
        plainRequest({ host: '127.0.0.1', port, path, headers: { host } }, (response) => {
          response.resume();
          done(response.statusCode);
        })
          .on('error', failed)
          .end();
      });
    expect(await statusFor('evil.example')).toBe(421);
    expect(await statusFor('localhost.evil.example:80', '/api/v2/me')).toBe(421);
    expect(await statusFor('localhost:3000')).toBe(200);
    expect(await statusFor('evil.example', '/healthz')).toBe(200);
  });
});

describe('a browser', () => {
  it('has one credential for pages, API and sockets, and signing out ends it in all', async () => {
    const { cookie, token, csrf } = await browserLogin(server, { email: eve.email, password });
    expect((await api('/me', { token })).value).toMatchObject({ email: eve.email });
    expect((await fetch(`${server.url}/ide`, { headers: { cookie }, redirect: 'manual' })).status).toBeLessThan(400);
    const own = openSocket(server, { headers: { cookie, origin: server.url } });
    expect(await outcomeOf(own)).toBe('welcome');
    const foreign = openSocket(server, { headers: { cookie, origin: 'https://evil.example' } });
    expect(await outcomeOf(foreign)).toBe('refused');
    const ended = new Promise((done) => own.once('login.ended', done));
    await fetch(`${server.url}/api/auth/signout`, {
      method: 'POST',
      headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ csrfToken: csrf, json: 'true' }),
      redirect: 'manual',
    });
    expect(await ended).toEqual({ reason: 'revoked' });
    expect((await api('/me', { token })).status).toBe(401);
    expect(await outcomeOf(openSocket(server, { token }))).toBe('unauthenticated');
    const page = await fetch(`${server.url}/ide`, { headers: { cookie }, redirect: 'manual' });
    expect(page.headers.get('location')).toBe('/login');
    for (const one of [own, foreign]) one.disconnect();
  });

  it('gets no cookie for a wrong password', async () => {
    const first = await fetch(`${server.url}/api/auth/csrf`);
    const { csrfToken } = (await first.json()) as { csrfToken: string };
    const answer = await fetch(`${server.url}/api/auth/callback/credentials`, {
      method: 'POST',
      headers: { cookie: first.headers.getSetCookie()[0]?.split(';')[0] ?? '' },
      body: new URLSearchParams({ csrfToken, email: eve.email, password: 'wrong wrong wrong', json: 'true' }),
      redirect: 'manual',
    });
    expect(answer.status).toBe(401);
    expect(answer.headers.getSetCookie().join()).not.toContain('coditect-session');
  });
});

/** Everything alive that names the server’s data folder. */
const processes = () =>
  execFileSync('ps', ['-eo', 'pid,args'])
    .toString()
    .split('\n')
    .filter((line) => line.includes(server.folder));

describe('a restart', () => {
  it(
    'says what goes on, keeps everything, and finds the trail sound',
    async () => {
      const { code, output } = await server.interrupt();
      expect(code).toBe(0);
      expect(output).toMatch(/2 workspaces go on/);
      expect(output).toContain('npm run stop');
      expect(processes().length).toBeGreaterThan(0);
      const verified = await server.admin('trail', 'verify');
      expect(verified, verified.output).toMatchObject({ code: 0 });
      expect(verified.output.match(/: sound, \d+ entries/g)).toHaveLength(2);
      await server.start();
      await running(ada);
      expect((await api('/me', ada)).status).toBe(200);
      expect((await api(content('recorded.txt'), ada)).bytes.toString()).toBe('to be recorded');
      const { value } = await api(`/workspaces/${ada.workspaceId}/trail?path=recorded.txt`, ada);
      expect(value.entries).toHaveLength(1);
    },
    longMs,
  );

  it(
    'survives a kill at any moment',
    async () => {
      await api(content('killed.txt'), { ...ada, method: 'PUT', body: 'acknowledged' });
      await server.interrupt('SIGKILL');
      await server.start();
      await running(ada);
      expect((await api(content('killed.txt'), ada)).bytes.toString()).toBe('acknowledged');
      await expect
        .poll(async () => (await api(`/workspaces/${ada.workspaceId}/trail?path=killed.txt`, ada)).value.entries, {
          timeout: longMs,
        })
        .toMatchObject([{ kind: 'created', origin: { kind: 'api' } }]);
    },
    longMs,
  );

  it(
    'does not come up twice, nor with a setting that is wrong',
    async () => {
      const second = new RunningServer();
      const data = { DATA_DIR: `${server.folder}/data`, PORT: '0', GATEWAY_PORT: '0' };
      expect(await run(['server/main.ts'], data)).toMatchObject({
        code: 1,
        output: expect.stringMatching(/^Coditect cannot start: (?!.*\n\s+at )/),
      });
      const taken = { DATA_DIR: `${second.folder}/data`, GATEWAY_PORT: '0', PORT: new URL(server.url).port };
      expect((await run(['server/main.ts'], taken)).output).toMatch(
        /^Coditect cannot start: Port \d+ is taken .*PORT/m,
      );
      expect((await run(['server/main.ts'], { ...data, HOST: '0.0.0.0' })).output).toContain('LOCAL_TRUSTED_USERS');
      expect((await run(['server/main.ts'], { DATA_DIR: '/dev/null/x' })).output).toContain('DATA_DIR');
      await second.end();
    },
    longMs,
  );

  it(
    'is over with `stop`, and no process is left',
    async () => {
      const { code, output } = await server.admin('stop');
      expect(code).toBe(0);
      expect(output).toContain('The server has stopped.');
      expect(output).toMatch(/2 workspaces have stopped\. Files are kept\./);
      expect(processes()).toEqual([]);
      expect((await server.admin('nonsense')).code).toBe(1);
      expect((await server.admin('trail', 'verify', 'nosuch')).output).toContain('There is no workspace nosuch.');
    },
    longMs,
  );
});
