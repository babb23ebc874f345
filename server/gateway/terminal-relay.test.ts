import fc from 'fast-check';
import type { Socket } from 'socket.io';
import { expect, it } from 'vitest';
import { systemRandom } from '../../lib/base/random.ts';
import type { TerminalId, WorkspaceId } from '../../lib/contracts/ids.ts';
import { limits } from '../../lib/contracts/limits.ts';
import { TerminalRelay } from './terminal-relay.ts';

const seed = Number(process.env.RELAY_SEED ?? Buffer.from(systemRandom.bytes(4)).readUInt32BE());
const terminalId = 'term' as TerminalId;
const workspaceId = 'work' as WorkspaceId;
const windowMax = limits.terminalWindowBytes + 4 * limits.terminalFrameBytesMax;

/** A browser that notes what it gets; `seen` is where its output goes on. */
class PlayedBrowser {
  seen = 0;
  credited = 0;
  behind = false;
  attached = false;
  #id: string;

  constructor(id: string) {
    this.#id = id;
  }

  get socket(): Socket {
    const emit = (name: string, { offset, bytes }: { offset: number; bytes: Uint8Array }) => {
      if (name === 'terminal.behind') {
        expect(this.behind, 'told once').toBe(false);
        this.behind = true;
        return;
      }
      expect(this.attached && !this.behind, 'nothing comes to one that does not listen').toBe(true);
      expect(offset, 'no hole and nothing twice').toBe(this.seen);
      expect([...bytes.subarray(0, 1)]).toEqual([offset % 251]);
      this.seen += bytes.byteLength;
      expect(this.seen - this.credited, 'the window holds').toBeLessThanOrEqual(windowMax);
    };
    return { id: this.#id, emit } as unknown as Socket;
  }
}

type Step =
  | { do: 'output'; size: number }
  | { do: 'lose'; size: number }
  | { do: 'attaching' | 'attached' | 'credit' | 'detach' | 'boast'; who: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('output' as const),
      size: fc.integer({ min: 1, max: limits.terminalFrameBytesMax }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const), size: fc.integer({ min: 1, max: 1_000 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'attaching' as const,
        'attached' as const,
        'credit' as const,
        'detach' as const,
        'boast' as const,
      ),
      who: fc.nat(3),
    }),
  },
);

it(`sends each browser one unbroken stream, never beyond its window, and counts the live (RELAY_SEED=${seed})`, () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 200 }), (steps) => {
      let told = { offset: 0, live: 0 };
      const relay = new TerminalRelay((_workspace, credit) => {
        told = credit;
      });
      const browsers = Array.from({ length: 4 }, (_, index) => new PlayedBrowser(`socket ${index}`));
      let end = 0;
      for (const one of steps) {
        const browser = 'who' in one ? browsers[one.who] : undefined;
        if (one.do === 'output') {
          const bytes = Uint8Array.from({ length: one.size }, (_, index) => (end + index) % 251);
          relay.data(workspaceId, { terminalId, offset: end, bytes });
          end += one.size;
        } else if (one.do === 'lose') end += one.size;
        else if (browser) act(one.do, browser);
      }
      function act(what: Exclude<Step['do'], 'output' | 'lose'>, browser: PlayedBrowser): void {
        switch (what) {
          case 'attaching':
            browser.attached = false;
            relay.attaching({ workspaceId, terminalId }, browser.socket);
            break;
          case 'attached':
            // The host's answer is a screen at some place up to now.
            if (browser.attached) return;
            Object.assign(browser, { attached: true, behind: false, seen: end, credited: end });
            relay.attached({ workspaceId, terminalId }, browser.socket, {
              kind: 'output',
              offset: end,
              bytes: new Uint8Array(),
            });
            break;
          case 'credit':
            if (browser.attached) browser.credited = browser.seen;
            relay.credit({ workspaceId, terminalId }, browser.socket, browser.seen);
            break;
          case 'boast':
            // Credit for what it was never sent opens no window.
            if (browser.attached) browser.credited = browser.seen;
            relay.credit({ workspaceId, terminalId }, browser.socket, Number.MAX_SAFE_INTEGER);
            break;
          case 'detach':
            browser.attached = false;
            relay.detach({ workspaceId, terminalId }, browser.socket);
            break;
        }
      }
      expect(told.live).toBeLessThanOrEqual(browsers.length);
      expect(told.offset).toBeLessThanOrEqual(end);
      for (const browser of browsers) relay.detachAll(browser.socket);
      relay.data(workspaceId, { terminalId, offset: end, bytes: new Uint8Array(1) });
    }),
    { seed, numRuns: 150 },
  );
});

it('holds output back for a browser that is attaching and lets it follow the answer', () => {
  const relay = new TerminalRelay(() => {});
  const browser = new PlayedBrowser('one');
  relay.attaching({ workspaceId, terminalId }, browser.socket);
  const frame = (offset: number, length: number) =>
    relay.data(workspaceId, { terminalId, offset, bytes: Uint8Array.from({ length }, (_, at) => (offset + at) % 251) });
  frame(0, 100);
  frame(100, 100);
  // The answer ends in the midst of a frame.
  Object.assign(browser, { attached: true, seen: 150, credited: 150 });
  relay.attached({ workspaceId, terminalId }, browser.socket, { kind: 'output', offset: 150, bytes: new Uint8Array() });
  frame(200, 10);
  expect(browser.seen).toBe(210);
  expect(browser.behind).toBe(false);
});

it('tells a browser to attach again when there was more than it could be kept, or frames were lost', () => {
  const relay = new TerminalRelay(() => {});
  const browser = new PlayedBrowser('one');
  relay.attaching({ workspaceId, terminalId }, browser.socket);
  const size = limits.terminalFrameBytesMax;
  for (let offset = 0; offset <= limits.terminalWindowBytes; offset += size)
    relay.data(workspaceId, { terminalId, offset, bytes: new Uint8Array(size) });
  browser.attached = true;
  relay.attached({ workspaceId, terminalId }, browser.socket, { kind: 'output', offset: 0, bytes: new Uint8Array() });
  relay.data(workspaceId, { terminalId, offset: limits.terminalWindowBytes + size, bytes: new Uint8Array(1) });
  expect(browser.behind).toBe(true);
});

it('takes a terminal’s output from its own workspace alone', () => {
  const relay = new TerminalRelay(() => {});
  const browser = new PlayedBrowser('one');
  relay.attaching({ workspaceId, terminalId }, browser.socket);
  browser.attached = true;
  relay.attached({ workspaceId, terminalId }, browser.socket, { kind: 'output', offset: 0, bytes: new Uint8Array() });
  relay.data('other' as WorkspaceId, { terminalId, offset: 0, bytes: new Uint8Array(5) });
  expect(browser.seen).toBe(0);
});

it('keeps terminals of two workspaces apart that have the same id', () => {
  const credits: WorkspaceId[] = [];
  const relay = new TerminalRelay((workspace) => credits.push(workspace));
  const [victim, spy] = [new PlayedBrowser('victim'), new PlayedBrowser('spy')];
  const spying = { workspaceId: 'other' as WorkspaceId, terminalId };
  for (const [browser, of] of [
    [victim, { workspaceId, terminalId }],
    [spy, spying],
  ] as const) {
    relay.attaching(of, browser.socket);
    browser.attached = true;
    relay.attached(of, browser.socket, { kind: 'output', offset: 0, bytes: new Uint8Array() });
  }
  relay.data(workspaceId, { terminalId, offset: 0, bytes: new Uint8Array(5) });
  expect([victim.seen, spy.seen]).toEqual([5, 0]);
  credits.length = 0;
  relay.credit(spying, spy.socket, 0);
  expect(credits).toEqual(['other']);
});

it('bounds the frames that wait for an answer by their number too', () => {
  const relay = new TerminalRelay(() => {});
  const browser = new PlayedBrowser('one');
  relay.attaching({ workspaceId, terminalId }, browser.socket);
  for (let offset = 0; offset < 10_000; offset += 1)
    relay.data(workspaceId, { terminalId, offset, bytes: Uint8Array.of(offset % 251) });
  browser.attached = true;
  relay.attached({ workspaceId, terminalId }, browser.socket, { kind: 'output', offset: 0, bytes: new Uint8Array() });
  expect(browser.seen).toBe(0);
  expect(browser.behind).toBe(true);
});
