import { createServer } from 'node:net';
import { Client } from '../server/testing/client.ts';
import { RealServer } from '../server/testing/real-server.ts';
import { installPeers, pause, startWetty } from './peers.ts';

/** The product, served as it is, with one account whose workspace runs. */
export async function openProduct() {
  const server = await RealServer.open();
  const client = await Client.register(server.url);
  while ((await client.status()) !== 'running') await pause(50);
  await client.live();
  return {
    server,
    client,
    async close() {
      client.close();
      await server.close();
    },
  };
}

/** The product and wetty beside each other. */
export async function openBoth() {
  installPeers();
  const product = await openProduct();
  const wetty = await startWetty(await freePort());
  return {
    ...product,
    places: {
      coditect: { kind: 'coditect', account: product.client.account },
      wetty: { kind: 'wetty', url: wetty.url },
    } as const,
    wettyProcess: wetty.process,
    async close() {
      wetty.process.kill();
      await product.close();
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
