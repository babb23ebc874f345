import { limits } from '../../../lib/contracts/limits.ts';

/** Where things lie for a process inside. */
export const inside = {
  workspace: '/workspace',
  home: '/home/dev',
  agent: '/opt/coditect',
  config: '/etc/coditect/host.toml',
} as const;

/** What of this machine's `/etc` programs need. Named one by one: what is not named is not there. */
const etc = [
  'alternatives',
  'bash.bashrc',
  'bash_completion.d',
  'ca-certificates',
  'ca-certificates.conf',
  'debian_version',
  'fonts',
  'gai.conf',
  'gitconfig',
  'host.conf',
  'hosts',
  'inputrc',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'locale.alias',
  'localtime',
  'magic',
  'mime.types',
  'npmrc',
  'nsswitch.conf',
  'os-release',
  'perl',
  'pip.conf',
  'pki',
  'profile',
  'profile.d',
  'protocols',
  'python3',
  'resolv.conf',
  'services',
  'ssl',
  'terminfo',
  'timezone',
  'vim',
];

/** What goes into the sandbox; all paths are this machine's. */
export interface SandboxBinds {
  workspace: string;
  home: string;
  /** The staged agent. */
  agent: string;
  config: string;
}

/**
 * The arguments of `bwrap`, up to the command. The root is empty but for what is named here: had it been `/` with
 * covers laid over what is to be hidden, an `umount` could lift them.
 * There is no `--die-with-parent`: the workspace outlives the server. Its first process is bubblewrap's own reaper.
 */
export function sandboxArguments(binds: SandboxBinds, environment: Record<string, string>): string[] {
  return [
    ...['--unshare-user', '--unshare-pid', '--unshare-ipc', '--unshare-uts'],
    ...['--uid', '1000', '--gid', '1000', '--cap-drop', 'ALL', '--new-session'],
    ...['--ro-bind', '/usr', '/usr'],
    ...['bin', 'lib', 'lib64', 'sbin'].flatMap((name) => ['--symlink', `usr/${name}`, `/${name}`]),
    ...['etc', 'home', 'opt', 'run', 'var'].flatMap((name) => ['--perms', '0755', '--dir', `/${name}`]),
    ...etc.flatMap((name) => ['--ro-bind-try', `/etc/${name}`, `/etc/${name}`]),
    ...['passwd', 'group'].flatMap((name) => ['--ro-bind', `${binds.agent}/etc/${name}`, `/etc/${name}`]),
    ...['--proc', '/proc', '--dev', '/dev'],
    ...['--perms', '1777', '--size', String(limits.sandboxSharedMemoryBytesMax), '--tmpfs', '/dev/shm'],
    ...['--perms', '1777', '--size', String(limits.sandboxTmpBytesMax), '--tmpfs', '/tmp'],
    ...['--symlink', '../tmp', '/var/tmp'],
    ...['--bind', binds.workspace, inside.workspace, '--bind', binds.home, inside.home],
    ...['--ro-bind', binds.agent, inside.agent, '--ro-bind', binds.config, inside.config],
    // The tmpfs below these would otherwise be memory without a bound.
    ...['--remount-ro', '/dev', '--remount-ro', '/'],
    ...['--chdir', inside.workspace, '--clearenv'],
    ...Object.entries(environment).flatMap(([name, value]) => ['--setenv', name, value]),
    '--',
  ];
}

/** What programs need to know of this machine's time zone and way to the network. */
const passedOn = [
  'TZ',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
];

/** Of the server's own environment what workspaces may know; nothing else leaks into them. */
export function passedEnvironment(own: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const passed = passedOn.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]]]));
  return Object.fromEntries(passed);
}

/** The environment of a host, and so of what it starts. */
export function hostEnvironment(home: string, passed: Record<string, string>): Record<string, string> {
  return {
    ...passed,
    HOME: home,
    USER: 'dev',
    LOGNAME: 'dev',
    SHELL: '/bin/bash',
    LANG: 'C.UTF-8',
    // glibc otherwise keeps an arena for each thread, which a host that drew long screens never gives back.
    MALLOC_ARENA_MAX: '2',
    PATH: `${home}/.local/bin:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin`,
  };
}
