import type { Terminal } from '../lib/contracts/records.ts';
import { type Account, Client } from '../server/testing/client.ts';

/** Clients that show one terminal, in a process of their own: says when all are attached, and when all have `bytes`. */
const told: { account: Account; record: Terminal; count: number; bytes: number } = JSON.parse(process.argv[2] ?? '');

const watchers = Array.from({ length: told.count }, () => {
  const client = new Client(told.account);
  const received = { bytes: 0, all: Promise.resolve() };
  received.all = new Promise((done) => {
    const write = (bytes: Uint8Array, parsed: () => void) => {
      received.bytes += bytes.byteLength;
      parsed();
      if (received.bytes >= told.bytes) done();
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
