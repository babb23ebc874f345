import { createServer, type Server } from 'node:http';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { systemClock } from '../lib/base/clock.ts';
import { base32, systemRandom } from '../lib/base/random.ts';
import { isCoditectError } from '../lib/contracts/errors.ts';
import { publishServices } from '../lib/services.ts';
import packageJson from '../package.json' with { type: 'json' };
import { readConfig } from './config.ts';
import { openDataFolder } from './data-folder.ts';
import { SessionPresence } from './gateway/browser-side.ts';
import { openGateway } from './gateway/gateway.ts';
import { originAllowed } from './gateway/origin.ts';
import { WorkspaceSide } from './gateway/workspace-side.ts';
import { cookieToken } from './http/cookie.ts';
import { makeListener } from './http/listener.ts';
import { makeMetrics } from './http/metrics.ts';
import { openPages } from './http/pages.ts';
import { peerAddresses } from './http/peer-address.ts';
import { refuseUnsafe, say, setupWords, stayingWords } from './opening-words.ts';
import { openLocalProvisioner } from './provision/local/provisioner.ts';
import { buildServices } from './services/build.ts';
import { Reconciler } from './services/reconciler.ts';
import { openLmdbStore } from './store/lmdb.ts';

/** The composition root: config → store → services → gateway → listen. It wires and decides nothing. */
async function main(): Promise<void> {
  const development = parseArgs({ options: { dev: { type: 'boolean', default: false } } }).values.dev;
  const root = resolve(import.meta.dirname, '..');
  const config = readConfig(process.env);
  const clock = systemClock;
  const random = systemRandom;
  const logger = pino({ level: config.LOG_LEVEL, base: null });
  const data = openDataFolder(resolve(root, config.DATA_DIR));
  const secretKey = config.SECRET_KEY ?? data.secretKey();
  const https = config.PUBLIC_URL?.startsWith('https:') ?? false;
  refuseUnsafe(config);

  const store = await openLmdbStore({ folder: data.storeFolder });
  const context = { store, clock, random, logger };
  const provisioner = await openLocalProvisioner({
    dataFolder: data.folder,
    agent: {
      node: process.execPath,
      entry: join(root, 'dist/workspace-agent.mjs'),
      modules: join(root, 'node_modules'),
    },
    orphan: { idleMs: 10 * 60 * 1000, ms: config.LOCAL_ORPHAN_HOURS * 60 * 60 * 1000 },
    clock,
    random,
    logger,
  });
  refuseUnsafe(config, provisioner);

  const presence = new SessionPresence();
  const setupCode = setupWords(config, () => base32(random.bytes(10)));
  const place = provisioner.place.bind(provisioner);
  const services = await buildServices({ context, secretKey, setupCode, presence, place });
  const { tokens, trail, terminals, admit, accounts, sessions, workspaces, revocations } = services;
  const settings = { ignoreRules: config.IGNORE_RULES };
  const workspaceSide = new WorkspaceSide({ context, tokens, trail, terminals, admit, settings });
  const files = services.files(workspaceSide);
  const allowOrigin = originAllowed.bind(null, config.PUBLIC_URL);
  const site = {
    version: packageJson.version,
    setupCodeNeeded: () => accounts.setupCodeNeeded(),
    authSecret: secretKey,
    secureCookies: https,
    originAllowed: allowOrigin,
    logUnexpected: (error: unknown) => logger.error({ err: error }, 'a route failed'),
  };
  publishServices({ accounts, workspaces, sessions, files, trail, site });

  const metrics = makeMetrics({
    connections: () => ({ ...gateway.browserSide.counts(), ...workspaceSide.counts() }),
    onTrailAppended: (listener) => trail.onAppended(listener),
  });
  const pages = openPages({ root, development, config });
  const browsers = makeListener({
    pages: pages.handle,
    ...(pages.upgrade ? { pagesUpgrade: pages.upgrade } : {}),
    metrics,
    ready: () => store.transact(async (transaction) => void (await transaction.get(new Uint8Array([1])))),
    publicUrl: config.PUBLIC_URL,
    peerAddress: peerAddresses(config.TRUSTED_PROXIES),
    random,
    development,
    https,
    logger,
  });
  const workspaceListener = createServer((_request, response) =>
    response.writeHead(200, { 'content-type': 'text/plain' }).end('ok\n'),
  );
  const gateway = openGateway(
    { browsers, workspaces: workspaceListener },
    {
      workspaceSide,
      browsers: {
        ...{ context, accounts, sessions, workspaces, files, trail, terminals, revocations, workspaceSide, presence },
        cookieToken: cookieToken.bind(null, https),
        originAllowed: allowOrigin,
        version: packageJson.version,
      },
    },
  );

  const gatewayPort = await listen(workspaceListener, config.GATEWAY_PORT, '127.0.0.1');
  const gatewayUrl = config.GATEWAY_URL ?? `http://127.0.0.1:${gatewayPort}`;
  const reconciler = new Reconciler({
    context,
    workspaces,
    provisioner,
    links: workspaceSide,
    tokens,
    gatewayUrl,
    ignoreRules: config.IGNORE_RULES,
  });
  await pages.prepare();
  const port = await listen(browsers, config.PORT, config.HOST);
  await reconciler.start();
  data.writePid();
  say(config, { port, setupCode: (await accounts.setupCodeNeeded()) ? setupCode : null, isolation: provisioner });

  const close = async () => {
    await reconciler.close();
    for (const listener of [browsers, workspaceListener]) listener.close();
    await gateway.close();
    for (const listener of [browsers, workspaceListener]) listener.closeAllConnections();
    revocations[Symbol.dispose]();
    process.stdout.write(stayingWords(provisioner.running()));
    await provisioner.close();
    await pages.close();
    await store.close();
    data.removePid();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => end());
  let ending = false;
  const end = () => {
    if (ending) return;
    ending = true;
    close().then(() => process.exit(0), fail);
  };
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((done, failed) => {
    server.once('error', failed);
    server.listen(port, host, () => {
      const address = server.address();
      done(typeof address === 'object' && address ? address.port : port);
    });
  });
}

function fail(error: unknown): never {
  const known = isCoditectError(error);
  process.stderr.write(
    `Coditect cannot start: ${known ? error.message : error instanceof Error ? error.stack : String(error)}\n`,
  );
  process.exit(1);
}

main().catch(fail);
