import { createServer, type Server } from 'node:http';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { systemClock } from '../lib/base/clock.ts';
import { base32, systemRandom } from '../lib/base/random.ts';
import { isCoditectError } from '../lib/contracts/errors.ts';
import type { Site } from '../lib/contracts/services/services.ts';
import { publishServices } from '../lib/services.ts';
import packageJson from '../package.json' with { type: 'json' };
import { type Config, readConfig } from './config.ts';
import { openDataFolder } from './data-folder.ts';
import { openGateway } from './gateway/gateway.ts';
import { originAllowed } from './gateway/origin.ts';
import { SessionPresence } from './gateway/session-presence.ts';
import { WorkspaceSide } from './gateway/workspace-side.ts';
import { cookieToken } from './http/cookie.ts';
import { makeListener } from './http/listener.ts';
import { makeMetrics } from './http/metrics.ts';
import { openPages } from './http/pages.ts';
import { peerAddresses } from './http/peer-address.ts';
import { localAgent } from './local-agent.ts';
import { cannotListen, refuseUnsafe, say, setupWords, stayingWords } from './opening-words.ts';
import { openLocalProvisioner } from './provision/local/provisioner.ts';
import { buildServices } from './services/build.ts';
import { Reconciler } from './services/reconciler.ts';
import { openLmdbStore } from './store/lmdb.ts';

const root = resolve(import.meta.dirname, '..');

/** The composition root: config → store → services → gateway → listen. It wires and decides nothing. */
async function main(): Promise<void> {
  const development = parseArgs({ options: { dev: { type: 'boolean', default: false } } }).values.dev;
  // Whoever read the words may be gone (a closed ssh, a pipe): then they are lost, and the server goes on. Unheard, the
  // error would be reported on that same stream, and again, for ever.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const config = readConfig(process.env);
  refuseUnsafe(config);
  const ground = await openGround(config);
  refuseUnsafe(config, ground.provisioner);
  const parts = await openParts(ground, config);
  const doors = await openDoors(ground, parts, { config, development });
  const setupCode = (await parts.accounts.setupCodeNeeded()) ? parts.setupCode : null;
  say(config, { port: doors.port, setupCode, isolation: ground.provisioner });

  let ending = false;
  const end = () => {
    if (ending) return;
    ending = true;
    close(ground, parts, doors, config).then(() => process.exit(0), fail);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, end);
}

/** What everything stands on: the store, the machine's workspaces, a log. */
async function openGround(config: Config) {
  const logger = pino({ level: config.LOG_LEVEL, base: null });
  const clock = systemClock;
  const random = systemRandom;
  const data = openDataFolder(resolve(root, config.DATA_DIR));
  const store = await openLmdbStore({ folder: data.storeFolder });
  const provisioner = await openLocalProvisioner({
    dataFolder: data.folder,
    agent: localAgent(root),
    environment: process.env,
    orphan: { idleMs: 10 * 60 * 1000, ms: config.LOCAL_ORPHAN_HOURS * 60 * 60 * 1000 },
    clock,
    random,
    logger,
  });
  return { context: { store, clock, random, logger }, data, provisioner };
}
type Ground = Awaited<ReturnType<typeof openGround>>;

/** The services, and the side of the gateway that they reach workspaces through; published for the pages. */
async function openParts({ context, data, provisioner }: Ground, config: Config) {
  const secretKey = config.SECRET_KEY ?? data.secretKey();
  const setupCode = setupWords(config, () => base32(context.random.bytes(10)));
  const presence = new SessionPresence();
  const place = provisioner.place.bind(provisioner);
  const services = await buildServices({ context, secretKey, setupCode, presence, place });
  const settings = { ignoreRules: config.IGNORE_RULES };
  const workspaceSide = new WorkspaceSide({ context, ...services, settings });
  const files = services.files(workspaceSide);
  const https = config.PUBLIC_URL?.startsWith('https:') ?? false;
  const site: Site = {
    version: packageJson.version,
    setupCodeNeeded: () => services.accounts.setupCodeNeeded(),
    authSecret: secretKey,
    secureCookies: https,
    originAllowed: originAllowed.bind(null, config.PUBLIC_URL),
    logUnexpected: (error) => context.logger.error({ err: error }, 'a route failed'),
  };
  publishServices({ ...services, files, site });
  return { ...services, files, site, presence, workspaceSide, setupCode, https };
}
type Parts = Awaited<ReturnType<typeof openParts>>;

/** The listeners, opened last: whoever gets through finds everything there. */
async function openDoors(
  { context, data, provisioner }: Ground,
  parts: Parts,
  { config, development }: { config: Config; development: boolean },
) {
  const { store, random, logger } = context;
  const { trail, workspaceSide, site, https, tokens, workspaces } = parts;
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
    ...{ random, development, https, logger },
  });
  const dialIn = createServer((_request, response) =>
    response.writeHead(200, { 'content-type': 'text/plain' }).end('ok\n'),
  );
  const gateway = openGateway(
    { browsers, workspaces: dialIn },
    { workspaceSide, browsers: { ...parts, ...site, context, cookieToken: cookieToken.bind(null, https) } },
  );
  const gatewayPort = await listen(dialIn, config.GATEWAY_PORT, '127.0.0.1');
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
  await reconciler.start();
  await pages.prepare();
  const port = await listen(browsers, config.PORT, config.HOST);
  data.writePid();
  return { port, listeners: [browsers, dialIn], gateway, pages, reconciler };
}
type Doors = Awaited<ReturnType<typeof openDoors>>;

/** The same way back: nothing is closed while something still leans on it. */
async function close(
  { context, data, provisioner }: Ground,
  { revocations }: Parts,
  { listeners, gateway, pages, reconciler }: Doors,
  config: Config,
): Promise<void> {
  await reconciler.close();
  for (const listener of listeners) listener.close();
  await gateway.close();
  for (const listener of listeners) listener.closeAllConnections();
  revocations[Symbol.dispose]();
  process.stdout.write(stayingWords(provisioner.running(), config.LOCAL_ORPHAN_HOURS));
  await provisioner.close();
  await pages.close();
  await context.store.close();
  data.removePid();
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((done, failed) => {
    server.once('error', (cause) => failed(cannotListen(cause, { port, host })));
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
