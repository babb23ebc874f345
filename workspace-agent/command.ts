import { parseArgs } from 'node:util';
import { CoditectError } from '../lib/contracts/errors.ts';
import { type WorkspaceRole, workspaceRole } from '../lib/contracts/protocol/workspace.ts';

/** What the agent was asked to do on its command line. */
export type Command =
  | { kind: 'run'; role: WorkspaceRole; configFile: string }
  | { kind: 'test'; role: WorkspaceRole; configFile: string }
  | { kind: 'version' };

export const usage = [
  'Usage:',
  '  workspace-agent host --config FILE',
  '  workspace-agent monitor --config FILE',
  '  workspace-agent test --config FILE [--role host|monitor]',
  '  workspace-agent --version',
].join('\n');

/**
 * Reads the command line without the program's own names.
 * @throws CoditectError `invalid_request` saying what is wrong with it.
 */
export function parseCommand(args: string[]): Command {
  const { values, positionals } = parseArguments(args);
  if (values.version) return { kind: 'version' };
  const [name = '', ...surplus] = positionals;
  if (surplus.length > 0) throw wrong(`There is nothing to do with ${surplus.join(' ')}`);
  const role = name === 'test' ? (values.role ?? 'monitor') : name;
  const checked = workspaceRole.safeParse(role);
  if (!checked.success) throw wrong(name === 'test' ? `There is no role ${role}` : `There is no command ${name}`);
  if (values.config === undefined) throw wrong(`${name} needs --config FILE`);
  return { kind: name === 'test' ? 'test' : 'run', role: checked.data, configFile: values.config };
}

function parseArguments(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: { config: { type: 'string' }, role: { type: 'string' }, version: { type: 'boolean' } },
    });
  } catch (cause) {
    throw new CoditectError('invalid_request', cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function wrong(sentence: string): CoditectError {
  return new CoditectError('invalid_request', sentence);
}
