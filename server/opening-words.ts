import { CoditectError } from '../lib/contracts/errors.ts';
import { type Config, isLoopback } from './config.ts';

interface IsolationSeen {
  isolation: 'bubblewrap' | 'none';
  isolationReason: string | null;
}

/**
 * Refuses to serve beyond loopback what is not made for it.
 * @throws CoditectError `invalid_request` naming the setting that decides.
 */
export function refuseUnsafe(config: Config, seen?: IsolationSeen): void {
  if (isLoopback(config.HOST)) return;
  if (!config.LOCAL_TRUSTED_USERS)
    throw new CoditectError(
      'invalid_request',
      `HOST is ${config.HOST}, which other machines can reach, but local workspaces share this machine’s network. Set LOCAL_TRUSTED_USERS=yes if every user is trusted, or HOST=127.0.0.1.`,
      { field: 'HOST' },
    );
  if (seen?.isolation === 'none')
    throw new CoditectError(
      'invalid_request',
      `HOST is ${config.HOST}, which other machines can reach, but workspaces cannot be sandboxed here: ${seen.isolationReason ?? 'no reason is known'}. Mend that or set HOST=127.0.0.1.`,
      { field: 'HOST' },
    );
}

/** Why nobody can be let in at an address, naming the setting that decides. */
export function cannotListen(cause: Error, { port, host }: { port: number; host: string }): CoditectError {
  const code = 'code' in cause ? cause.code : undefined;
  const words =
    code === 'EADDRINUSE'
      ? `Port ${port} is taken by another program. Set PORT (or GATEWAY_PORT, where workspaces dial in) to a free one.`
      : code === 'EACCES'
        ? `This user may not open port ${port}. Set PORT to 1024 or more.`
        : `HOST is ${host}, which is no address of this machine (${cause.message}).`;
  return new CoditectError('invalid_request', words, { cause });
}

/** The set-up code for the first account; none on loopback, where whoever is there owns the machine. */
export function setupWords(config: Config, make: () => string): string | null {
  const beyond =
    !isLoopback(config.HOST) || (config.PUBLIC_URL !== undefined && !isLoopback(new URL(config.PUBLIC_URL).hostname));
  return beyond ? make() : null;
}

/** What the person who started the server reads last. */
export function say(config: Config, now: { port: number; setupCode: string | null; isolation: IsolationSeen }): void {
  const host = config.HOST.includes(':') ? `[${config.HOST}]` : config.HOST;
  const address = config.PUBLIC_URL ?? `http://${host}:${now.port}`;
  const lines: string[] = [];
  if (now.isolation.isolation === 'none')
    lines.push(
      '',
      '  WARNING: workspaces run WITHOUT a sandbox. Whoever uses this server can do all that you can do here.',
      `  ${now.isolation.isolationReason ?? ''}`,
    );
  if (now.setupCode !== null)
    lines.push('', `  The first account becomes operator and needs this set-up code: ${now.setupCode}`);
  lines.push('', `  Coditect is ready: ${address}`, '');
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** What goes on living after Ctrl-C. */
export function stayingWords(running: readonly { workspaceId: string }[], orphanHours: number): string {
  if (running.length === 0) return '\nCoditect has stopped. Nothing goes on running.\n';
  const what = running.length === 1 ? 'One workspace goes on' : `${running.length} workspaces go on`;
  return `\nCoditect has stopped. ${what} with terminals and running programs: \`npm start\` takes up where you left, \`npm run stop\` ends all. Without a server each ends after 10 minutes of rest, or ${orphanHours} hours at most.\n`;
}
