import { io } from 'socket.io-client';
import { type Account, Client, terminalSize } from '../server/testing/client.ts';

/** Takes output; `parsed` is called when it has been dealt with, and is what is acknowledged. */
export type Hear = (output: Uint8Array | string, parsed: () => void) => void;

/** One end of a terminal. */
export interface Line {
  type(text: string): void;
  close(): Promise<void>;
}

/** Where terminals can be had; plain data, so that another process can be told. */
export type Place = { kind: 'coditect'; account: Account } | { kind: 'wetty'; url: string };

export function openLine(place: Place, hear: Hear): Promise<Line> {
  return place.kind === 'coditect' ? openOurs(place.account, hear) : openWetty(place.url, hear);
}

/** Through the product's own client, checks and all. */
async function openOurs(account: Account, hear: Hear): Promise<Line> {
  const client = new Client(account);
  await client.live();
  const terminal = await client.openTerminal(hear);
  return {
    type: (text) => void terminal.type(new TextEncoder().encode(text)),
    async close() {
      await client.connection.persist('terminal.close', { terminalId: terminal.terminalId });
      client.close();
    },
  };
}

/** What wetty's own page acknowledges at a time, in characters. */
const wettyAcknowledged = 262_144;

async function openWetty(url: string, hear: Hear): Promise<Line> {
  const socket = io(url, { path: '/wetty/socket.io', transports: ['websocket'], forceNew: true });
  let received = 0;
  socket.on('data', (text: string) => {
    received += text.length;
    const commits = received >= wettyAcknowledged;
    if (commits) received -= wettyAcknowledged;
    hear(text, () => void (commits && socket.emit('commit', wettyAcknowledged)));
  });
  await new Promise<void>((done, failed) => {
    socket.once('login', () => done());
    socket.once('connect_error', failed);
  });
  socket.emit('resize', { cols: terminalSize.columns, rows: terminalSize.rows });
  return {
    type: (text) => void socket.emit('input', text),
    close: async () => void socket.disconnect(),
  };
}
