import type { Terminal } from '../lib/contracts/records.ts';
import { type Account, Client } from '../server/testing/client.ts';

/** Clients that show one terminal, in a process of their own: says when all are attached, and when all have seen the end. */
const told: { account: Account; record: Terminal; count: number; end: string } = JSON.parse(process.argv[2] ?? '');

const watchers = Array.from({ length: told.count }, () => {
  const client = new Client(told.account);
  const received = { bytes: 0, all: Promise.resolve() };
  let tail = '';
  received.all = new Promise((done) => {
    const write = (bytes: Uint8Array, parsed: () => void) => {
      received.bytes += bytes.byteLength;
      tail = (tail + Buffer.from(bytes).subarray(-told.end.length).toString('latin1')).slice(-2 * told.end.length);
      parsed();
      // Whoever falls behind is shown the screen: not all get each byte, all see the end.
      if (Buffer.from(bytes).includes(told.end) || tail.includes(told.end)) done();
    };
    client.live().then(() => client.showTerminal(told.record, write));
  });
  return { client, received };
});

const attached = watchers.map(
  ({ received }) =>
    new Promise<void>((done) => {
      // The prompt is what comes first.
      const look = () => (received.bytes > 0 ? done() : setTimeout(look, 20));
      look();
    }),
);
await Promise.all(attached);
process.send?.('attached');
await Promise.all(watchers.map(({ received }) => received.all));
process.send?.('all');
