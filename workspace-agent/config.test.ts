import { describe, expect, it } from 'vitest';
import { parseCommand } from './command.ts';
import { parseConfig, readConfig } from './config.ts';

const valid = 'workspace_id = "w"\ngateway_url = "http://127.0.0.1:1"\nenrolment = "e"\nroot = "/workspace"\n';

describe('configuration', () => {
  it('is read with its defaults', () => {
    expect(parseConfig(valid, 'host.toml')).toEqual({
      workspace_id: 'w',
      gateway_url: 'http://127.0.0.1:1',
      enrolment: 'e',
      root: '/workspace',
      ignore_rules: [],
    });
  });

  it.each([
    ['gateway_url', valid.replace('http://127.0.0.1:1', 'nowhere')],
    ['root', valid.replace('"/workspace"', '"workspace"')],
    ['enrolment', valid.replace('enrolment', 'enrollment')],
    ['orphan_ms', `${valid}orphan_ms = "soon"\n`],
  ])('names the field %s when it is wrong', (field, text) => {
    expect(() => parseConfig(text, 'host.toml')).toThrow(new RegExp(`^host\\.toml: ${field}: `));
  });

  it('names the line that is not TOML, and a file that is not there', async () => {
    expect(() => parseConfig('a = 1\nb =', 'host.toml')).toThrow(/host\.toml is not TOML at line 2/);
    await expect(readConfig('/nowhere.toml')).rejects.toThrow('/nowhere.toml cannot be read');
  });
});

describe('command line', () => {
  it('says what to do', () => {
    expect(parseCommand(['host', '--config', 'f'])).toEqual({ kind: 'run', role: 'host', configFile: 'f' });
    expect(parseCommand(['test', '--config', 'f'])).toEqual({ kind: 'test', role: 'monitor', configFile: 'f' });
    expect(parseCommand(['test', '--config=f', '--role=host'])).toEqual({
      kind: 'test',
      role: 'host',
      configFile: 'f',
    });
    expect(parseCommand(['--version'])).toEqual({ kind: 'version' });
  });

  it.each([
    [[]],
    [['run']],
    [['host']],
    [['host', 'x', '--config', 'f']],
    [['--wrong']],
    [['test', '--config', 'f', '--role', 'x']],
  ])('refuses %j', (args) => {
    expect(() => parseCommand(args)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });
});
