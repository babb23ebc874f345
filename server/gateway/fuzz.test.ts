import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { seededRandom, systemRandom } from '../../lib/base/random.ts';
import { problem } from '../../lib/contracts/errors.ts';
import type { MethodRow } from '../../lib/contracts/protocol/method.ts';
import { protocolTables } from '../../lib/contracts/protocol/tables.ts';
import { call, next, openHarness } from './gateway-harness.ts';

/** What arrives is derived from the wire tables: a row of a kind that no hostile input is made for fails here. */
const seed = Number(process.env.FUZZ_SEED ?? Buffer.from(systemRandom.bytes(4)).readUInt32BE());

type Harness = Awaited<ReturnType<typeof openHarness>>;
type Socket = ReturnType<Harness['browser']>;
type Side = 'browser → gateway' | 'host → gateway' | 'monitor → gateway';
const sides: Side[] = ['browser → gateway', 'host → gateway', 'monitor → gateway'];

const deep = (levels: number): unknown => {
  let value: unknown = 'bottom';
  for (let level = 0; level < levels; level += 1) value = level % 2 ? [value] : { deeper: value };
  return value;
};

/** Values that are right for nothing in particular. */
const strange: unknown[] = [
  ...[null, true, -1, 0, 1.5, 2 ** 53, '', 'x', '../../etc/passwd', '\u0000', '\ud800', 'x'.repeat(100_000)],
  ...[
    [],
    {},
    [[]],
    { length: 5 },
    { __proto__: { polluted: true } },
    { constructor: { prototype: {} } },
    { toString: 1 },
  ],
  ...[Buffer.from('bytes'), Buffer.alloc(300_000), { type: 'Buffer', data: [1, 2] }, deep(2_000)],
  Array.from({ length: 5_000 }, () => ({})),
];

/** A value that the schema takes, made from what zod tells of it. @throws Error for a kind it does not know. */
function sample(schema: z.ZodType, at: string): unknown {
  const def = (schema as unknown as { _zod: { def: Record<string, unknown> & { type: string } } })._zod.def;
  const inner = (one: unknown, name = '') => sample(one as z.ZodType, `${at}.${name}`);
  switch (def.type) {
    case 'object':
      return Object.fromEntries(Object.entries(def.shape as object).map(([name, one]) => [name, inner(one, name)]));
    case 'union':
      return inner((def.options as unknown[])[0]);
    case 'array':
      return [inner(def.element)];
    case 'optional':
    case 'nullable':
    case 'default':
    case 'readonly':
      return inner(def.innerType);
    case 'pipe':
      return inner(def.in);
    case 'literal':
      return (def.values as unknown[])[0];
    case 'enum':
      return Object.values(def.entries as object)[0];
    case 'number':
      return 1;
    case 'boolean':
      return false;
    case 'string': {
      const fitting = ['a'.repeat(26), 'a'.repeat(64), 'some text'].find((text) => schema.safeParse(text).success);
      if (fitting !== undefined) return fitting;
      break;
    }
    case 'custom':
      return Buffer.alloc(0);
  }
  throw new Error(`${at}: no hostile input is made for a ${def.type}; teach the generator`);
}

/** The row's own shape with one thing wrong each, then what has no shape at all. */
function hostile(row: MethodRow, name: string): unknown[] {
  const right = sample(row.params, name) as Record<string, unknown>;
  const broken = Object.keys(right).flatMap((field) => {
    const { [field]: _, ...missing } = right;
    return [missing, ...strange.map((value) => ({ ...right, [field]: value }))];
  });
  return [right, { ...right, more: 1, userId: 'a', workspaceId: 'a', tenantId: 'a' }, undefined, ...strange, ...broken];
}

let harness: Harness;
beforeAll(async () => {
  harness = await openHarness();
});
afterAll(() => harness.close());

async function signedUp() {
  const { token, session, workspace, user } = await harness.register();
  return { token, session, ref: { tenantId: user.tenantId, workspaceId: workspace.workspaceId } };
}

/** A socket of a side that is through its greeting, and one that is not. */
async function connect(side: Side, greeted: boolean): Promise<Socket> {
  const { token, session, ref } = await signedUp();
  const random = seededRandom(seed);
  if (side === 'browser → gateway') {
    const browser = harness.browser(token);
    await next(browser, 'welcome');
    if (greeted) {
      const host = await harness.workspace(ref, 'host');
      // A host that answers nonsense to everything it is asked.
      host.onAny((_name, _params, answer) => answer?.(strange[random.bytes(1)[0] ?? 0] ?? { ok: true, result: {} }));
      await call(host, 'host.hello', { version: '1', startedAt: 1, terminals: [] });
      await call(browser, 'session.attach', { sessionId: session.sessionId });
    }
    return browser;
  }
  const role = side === 'host → gateway' ? 'host' : 'monitor';
  const socket = await harness.workspace(ref, role);
  await next(socket, 'connect');
  if (greeted && role === 'host') await call(socket, 'host.hello', { version: '1', startedAt: 1, terminals: [] });
  if (greeted && role === 'monitor') await call(socket, 'monitor.hello', { version: '1', spool: 'abc' });
  return socket;
}

/** A call that the side may always make, to see that the socket lives. */
async function alive(side: Side, socket: Socket): Promise<void> {
  const { session } = await signedUp();
  if (side === 'browser → gateway')
    await expect(call(socket, 'session.attach', { sessionId: session.sessionId })).rejects.toMatchObject({
      code: 'not_found',
    });
  else if (side === 'host → gateway') await call(socket, 'host.hello', { version: '1', startedAt: 1, terminals: [] });
  else await call(socket, 'monitor.hello', { version: '1', spool: 'abc' });
}

async function answersOf(socket: Socket, name: string, inputs: unknown[]): Promise<unknown[]> {
  const answers: unknown[] = [];
  // A few at a time: the limit on requests under way has a test of its own.
  for (let from = 0; from < inputs.length; from += 50) {
    const some = inputs.slice(from, from + 50);
    answers.push(...(await Promise.all(some.map((input) => socket.timeout(20_000).emitWithAck(name, input)))));
  }
  return answers;
}

describe.each(sides)(`%s (FUZZ_SEED=${seed})`, (side) => {
  const table: Record<string, MethodRow> = protocolTables[side];

  it.each([false, true])(
    'answers whatever comes with a result or a problem, and stays usable (greeted: %s)',
    async (greeted) => {
      let socket = await connect(side, greeted);
      for (const [name, row] of Object.entries(table)) {
        const inputs = hostile(row, name);
        if (row.kind === 'event') {
          for (const input of inputs) socket.emit(name, input);
        } else {
          for (const answer of (await answersOf(socket, name, inputs)) as { ok: boolean; problem?: unknown }[]) {
            if (answer.ok) continue;
            expect(problem.safeParse(answer.problem).error, `${name} ${JSON.stringify(answer)}`).toBeUndefined();
            expect(answer.problem, name).not.toMatchObject({ code: 'internal' });
          }
          // Nobody waits for an answer.
          for (const input of inputs.slice(0, 20)) socket.emit(name, input);
        }
        await alive(side, socket);
      }
      socket.disconnect();
      socket = await connect(side, true);
      await alive(side, socket);
    },
  );

  it('has no ear for events that are not in its table', async () => {
    const socket = await connect(side, true);
    const foreign = Object.values(protocolTables)
      .flatMap((other) => Object.keys(other))
      .filter((name) => !Object.hasOwn(table, name));
    for (const name of [...foreign, '__proto__', 'constructor', 'toString', 'x'.repeat(10_000), ' ', 'message'])
      for (const answer of await answersOf(socket, name, [{}, null, strange[15]]))
        expect(answer, name).toMatchObject({ ok: false, problem: { code: 'invalid_request' } });
    await alive(side, socket);
  });

  it('survives frames that are no messages: the socket may close, the server goes on', async () => {
    const frames: (string | Buffer)[] = [
      ...[
        '',
        '9',
        '4',
        '42',
        '42[',
        '42{}',
        '42[null]',
        '42["connect"]',
        '451-["x",{"_placeholder":true,"num":7}]',
        '459999-["x"]',
      ],
      ...[
        Buffer.from([0, 1, 2]),
        '42/other,["x"]',
        `42${'['.repeat(500_000)}`,
        '41',
        '40',
        '0'.repeat(900_000),
        '43[1]',
      ],
    ];
    for (const frame of frames) {
      const socket = await connect(side, true);
      const engine = socket.io.engine as unknown as { transport: { ws: { send(frame: string | Buffer): void } } };
      engine.transport.ws.send(frame);
      const after = await connect(side, true);
      await alive(side, after);
      for (const one of [socket, after]) one.disconnect();
    }
  });
});

describe('a handshake', () => {
  it('of any form is refused', async () => {
    for (const auth of [...strange, { protocol: strange[5] }, { protocol: { min: 1, max: 1 }, token: deep(50) }])
      for (const url of [harness.browserUrl, harness.workspaceUrl]) {
        const socket = harness.connect(url, { auth: typeof auth === 'object' && auth !== null ? auth : { auth } });
        // What is not even a message closes the connection without a word.
        const closed = new Promise<'closed'>((resolve) => socket.io.once('close', () => resolve('closed')));
        const outcome = await Promise.race([closed, next<Error & { data?: unknown }>(socket, 'connect_error')]);
        if (outcome === 'closed') continue;
        expect(outcome.data).toMatchObject({ code: expect.stringMatching(/invalid_request|unauthenticated/) });
      }
  });
});

it('covers every row that comes in', () => {
  for (const side of sides)
    for (const [name, row] of Object.entries(protocolTables[side] as Record<string, MethodRow>)) {
      const right = sample(row.params, name);
      expect(row.params.safeParse(right).error, `${name} ${JSON.stringify(right)}`).toBeUndefined();
    }
});
