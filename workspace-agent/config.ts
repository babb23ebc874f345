import { readFile } from 'node:fs/promises';
import { parse as parseToml, TomlError } from 'smol-toml';
import { type AgentConfig, agentConfig } from '../lib/contracts/agent-config.ts';
import { CoditectError, parse } from '../lib/contracts/errors.ts';

/**
 * Reads the TOML file that provisioning wrote.
 * @throws CoditectError `invalid_request` naming the file and the field at fault, or the line that is not TOML.
 */
export async function readConfig(file: string): Promise<AgentConfig> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new CoditectError('invalid_request', `The configuration ${file} cannot be read: ${messageOf(cause)}`, {
      cause,
    });
  }
  return parseConfig(text, file);
}

/** The text of a configuration, checked; `file` is its name in errors. Throws as {@link readConfig} does. */
export function parseConfig(text: string, file: string): AgentConfig {
  try {
    return parse(agentConfig, parseToml(text));
  } catch (cause) {
    if (cause instanceof TomlError) {
      const sentence = `${file} is not TOML at line ${cause.line}, column ${cause.column}`;
      throw new CoditectError('invalid_request', sentence, { cause });
    }
    if (!(cause instanceof CoditectError)) throw cause;
    const { field } = cause.details;
    throw new CoditectError(
      cause.code,
      `${file}: ${cause.message}`,
      field === undefined ? { cause } : { field, cause },
    );
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
