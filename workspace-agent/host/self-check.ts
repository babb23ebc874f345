import { access, constants } from 'node:fs/promises';
import type { AgentOptions, SelfCheckReport } from '../agent.ts';
import { Files } from './files/files.ts';
import { openPty } from './terminals/pty.ts';

const answerMs = 5_000;

/**
 * The host's `test`: the workspace can be read and written, a shell starts in a terminal, the gateway is reached by
 * `GET {gateway_url}/healthz`. It does not connect as the workspace's host, so the one that runs keeps its connection.
 */
export async function selfCheck(options: AgentOptions): Promise<SelfCheckReport> {
  const checks: [string, () => Promise<string>][] = [
    ['workspace', () => checkWorkspace(options)],
    ['terminal', () => checkTerminal(options)],
    ['server', () => checkServer(options.config.gateway_url)],
  ];
  const report: SelfCheckReport = { ok: true, lines: [] };
  for (const [name, check] of checks) {
    try {
      report.lines.push(`${name}: ok, ${await check()}`);
    } catch (error) {
      report.ok = false;
      report.lines.push(`${name}: FAILED, ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return report;
}

async function checkWorkspace({ config, clock }: AgentOptions): Promise<string> {
  const files = new Files({ root: config.root, clock, onFault: () => {} });
  await files.close();
  await access(config.root, constants.R_OK | constants.W_OK | constants.X_OK);
  return `${config.root} can be read and written`;
}

function checkTerminal({ config, clock }: AgentOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    clock.after(answerMs, () => reject(new Error(`no output within ${answerMs} ms`)));
    openPty({
      file: '/bin/sh',
      args: ['-c', 'tty'],
      env: {},
      cwd: config.root,
      columns: 80,
      rows: 24,
      clock,
      onData: (bytes) => {
        output += bytes;
      },
      onExit: ({ exitCode }) =>
        exitCode === 0 ? resolve(`a shell ran on ${output.trim()}`) : reject(new Error(output.trim())),
    });
  });
}

async function checkServer(gatewayUrl: string): Promise<string> {
  const response = await fetch(new URL('/healthz', gatewayUrl), { signal: AbortSignal.timeout(answerMs) });
  if (!response.ok) throw new Error(`${gatewayUrl} answers with status ${response.status}`);
  return `${gatewayUrl} is reached`;
}
