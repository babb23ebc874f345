import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { hostMethods, hostPushes } from '../../lib/contracts/protocol/workspace.ts';
import type { AgentOptions, RunningAgent } from '../agent.ts';
import { type Connection, connect } from '../connection.ts';
import { Files } from './files/files.ts';
import { OrphanRule } from './orphan.ts';
import { shellEnvironment } from './terminals/environment.ts';
import { Terminals } from './terminals/terminals.ts';

/** Does in a workspace what its user asks: terminals and file operations, until it is stopped or orphaned. */
export async function runHost({ config, version, clock, random, logger }: AgentOptions): Promise<RunningAgent> {
  const startedAt = clock.now();
  const onFault = (error: unknown, what: string) => logger.error({ err: error }, what);
  const files = new Files({ root: config.root, clock, onFault });
  await files.recover();
  const terminals = new Terminals({
    clock,
    connection: () => connection,
    shell: {
      // Not a login shell: Debian's profile would put a PATH without the user's own programs in place of ours.
      file: existsSync('/bin/bash') ? '/bin/bash' : '/bin/sh',
      args: [],
      env: shellEnvironment(config.home ?? homedir(), process.env),
    },
    enter: (folder) => files.enter(folder),
    onFault,
  });
  const connection: Connection<typeof hostPushes> = connect({
    url: config.gateway_url,
    enrolment: config.enrolment,
    serves: hostMethods,
    handlers: { ...files.handlers, ...terminals.handlers },
    calls: hostPushes,
    clock,
    random,
    logger,
  });

  const { promise: ended, resolve } = Promise.withResolvers<void>();
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= (async () => {
      orphan[Symbol.dispose]();
      connection.close();
      await terminals.closeAll();
      await files.close();
      resolve();
    })();
    return stopping;
  };
  const orphan = new OrphanRule({
    clock,
    idleMs: config.orphan_idle_ms,
    anyMs: config.orphan_ms,
    isBusy: () => terminals.isBusy(),
    end: (reason) => {
      logger.warn({ reason }, 'The host ends, as nobody reaches it any more');
      void stop();
    },
  });
  connection.onConnected(() => {
    orphan.connected();
    connection
      .request('host.hello', { version, startedAt, terminals: terminals.records() })
      .then(() => terminals.onConnected())
      .catch((error) => logger.warn({ err: error }, 'The gateway did not take the greeting'));
  });
  connection.onDisconnected(() => {
    orphan.disconnected();
    terminals.onDisconnected();
  });
  logger.info({ root: config.root, version }, 'The host has started');
  return { ended, stop };
}
