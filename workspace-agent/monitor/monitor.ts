import { CoditectError } from '../../lib/contracts/errors.ts';
import { type MonitorSettings, monitorMethods, monitorPushes } from '../../lib/contracts/protocol/workspace.ts';
import type { AgentOptions, RunningAgent } from '../agent.ts';
import { connect } from '../connection.ts';
import { Ledger } from './ledger.ts';
import { OrphanWatch } from './orphan.ts';
import { Recording } from './recording.ts';

/**
 * Runs the workspace's monitor until it is stopped or orphaned.
 * @throws CoditectError `invalid_request` when the configuration names no folder for its state.
 */
export function runMonitor(options: AgentOptions): RunningAgent {
  const { config, clock, logger } = options;
  const { state } = config;
  if (state === undefined) throw new CoditectError('invalid_request', 'state: is needed by a monitor');

  let recording: Recording | undefined;
  let settings: MonitorSettings | undefined;
  let wake = (_reason: 'stop' | 'mismatch') => {};
  let stopping = false;
  const connection = connect({
    ...options,
    url: config.gateway_url,
    enrolment: config.enrolment,
    serves: monitorMethods,
    calls: monitorPushes,
    handlers: {
      'trail.drain': () => recording?.drain(),
      'monitor.settings': (news) => {
        settings = news;
        recording?.applySettings(news);
      },
    },
  });
  const end = () => {
    stopping = true;
    wake('stop');
  };
  const orphan = new OrphanWatch({ config, clock, connected: () => connection.connected, onOrphaned: end });

  const run = async () => {
    while (!stopping) {
      const woken = new Promise<'stop' | 'mismatch'>((resolve) => {
        wake = resolve;
      });
      recording = await Recording.start({ ...options, state, connection, onMismatch: () => wake('mismatch') });
      if (settings) recording.applySettings(settings);
      const reason = stopping ? 'stop' : await woken;
      await recording.close();
      recording = undefined;
      if (reason === 'stop') return;
      logger.warn('The server’s end of the spool is not where this one can go on; a new one is begun');
      Ledger.discard({ state });
    }
  };
  const ended = run().finally(() => {
    orphan.close();
    connection.close();
  });
  return {
    ended,
    async stop() {
      end();
      await ended;
    },
  };
}
