import { destination, type Logger, pino } from 'pino';
import { systemClock } from '../lib/base/clock.ts';
import { systemRandom } from '../lib/base/random.ts';
import { CoditectError } from '../lib/contracts/errors.ts';
import type { WorkspaceRole } from '../lib/contracts/protocol/workspace.ts';
import packageJson from '../package.json' with { type: 'json' };
import type { AgentOptions, RunningAgent } from './agent.ts';
import { type Command, parseCommand, usage } from './command.ts';
import { readConfig } from './config.ts';

/** The composition root of both workspace processes. It wires; what a role does stands in its own folder. */
async function main(logger: Logger): Promise<void> {
  const command = parseCommand(process.argv.slice(2));
  if (command.kind === 'version') return console.log(packageJson.version);
  const options = await optionsFor(command, logger);
  if (command.kind === 'test') return selfCheck(command.role, options);
  const agent = await start(command.role, options);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void agent.stop());
  await agent.ended;
}

async function optionsFor(command: Exclude<Command, { kind: 'version' }>, logger: Logger): Promise<AgentOptions> {
  const config = await readConfig(command.configFile);
  const child = logger.child({ role: command.role, workspace: config.workspace_id });
  return { config, version: packageJson.version, clock: systemClock, random: systemRandom, logger: child };
}

// A role's modules are loaded when it runs, so that the monitor does not carry the host's terminals in memory.
async function start(role: WorkspaceRole, options: AgentOptions): Promise<RunningAgent> {
  if (role === 'host') return (await import('./host/host.ts')).runHost(options);
  return (await import('./monitor/monitor.ts')).runMonitor(options);
}

async function selfCheck(role: WorkspaceRole, options: AgentOptions): Promise<void> {
  const check = role === 'host' ? await import('./host/self-check.ts') : await import('./monitor/self-check.ts');
  const { lines, ok } = await check.selfCheck(options);
  for (const line of lines) console.log(line);
  process.exitCode = ok ? 0 : 1;
}

const logger = pino({ base: { pid: process.pid } }, destination(2));
try {
  await main(logger);
} catch (error) {
  if (error instanceof CoditectError && error.code === 'invalid_request') console.error(`${error.message}\n${usage}`);
  else logger.fatal({ err: error }, 'The agent ended');
  process.exitCode = 1;
}
