// Runs inside a sandbox and tries to get out. Writes one line of JSON for each attempt: what it was and how it ended.
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';

const agent = '/opt/coditect';
const koffi = createRequire(`${agent}/agent.mjs`)('koffi');
const facts = JSON.parse(readFileSync('/workspace/facts.json', 'utf8'));
const libc = koffi.load('libc.so.6');
const calls = {
  getpid: libc.func('int getpid()'),
  mount: libc.func('int mount(const char *, const char *, const char *, unsigned long, const char *)'),
  umount: libc.func('int umount2(const char *, int)'),
  chroot: libc.func('int chroot(const char *)'),
  ptrace: libc.func('long ptrace(long, int, void *, void *)'),
  kill: libc.func('int kill(int, int)'),
  mknod: libc.func('int mknod(const char *, unsigned int, unsigned long)'),
  ioctl: libc.func('int ioctl(int, unsigned long, void *)'),
  setuid: libc.func('int setuid(unsigned int)'),
  setgroups: libc.func('int setgroups(unsigned long, void *)'),
  sethostname: libc.func('int sethostname(const char *, unsigned long)'),
  setns: libc.func('int setns(int, int)'),
  openByHandle: libc.func('int open_by_handle_at(int, void *, int)'),
};
const remountBind = 32 | 4096;
const detach = 2;

/** An attempt fails by throwing, or by a system call's -1. */
const system = (call, ...values) => {
  if (calls[call](...values) === -1) {
    const errno = koffi.errno();
    throw new Error(Object.entries(koffi.os.errno).find(([, code]) => code === errno)?.[0] ?? String(errno));
  }
  return `${call} returned`;
};
const shell = (script) => execFileSync('bash', ['-c', script], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
/** As a namespace's own root, where the kernel allows one to make a namespace at all. */
const nested = (script) => shell(`unshare -Urmpf bash -c ${JSON.stringify(script)}`);
const opened = (path, flags, use) => {
  const fd = openSync(path, flags);
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
};
const finds = (found) => {
  if (found.length === 0) throw new Error('nothing found');
  return found.join(' ');
};
const processes = () => readdirSync('/proc').filter((name) => /^\d+$/.test(name));
const textOf = (file) => {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
};
const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
  .trim()
  .split('\n')
  .map((line) => line.split(' ')[4]);

const attempts = {
  ...Object.fromEntries(mounts.map((path) => [`umount ${path}`, () => system('umount', path, detach)])),
  'mount a tmpfs over /etc': () => system('mount', 'none', '/etc', 'tmpfs', 0, null),
  'mount a proc': () => system('mount', 'proc', '/proc', 'proc', 0, null),
  'bind /proc/1/root': () => system('mount', '/proc/1/root', '/workspace', null, 4096, null),
  'remount /usr writable': () => system('mount', null, '/usr', null, remountBind, null),
  'remount the agent writable': () => system('mount', null, agent, null, remountBind, null),
  'remount / writable': () => system('mount', null, '/', null, 32, null),
  'mount the disk': () => system('mount', facts.disk, '/workspace', 'ext4', 0, null),
  chroot: () => system('chroot', '/workspace'),
  'become root': () => system('setuid', 0),
  'become another user': () => system('setuid', 1001),
  'leave groups': () => system('setgroups', 0, null),
  'set the host name': () => system('sethostname', 'mine', 4),
  'open by handle': () => system('openByHandle', -100, Buffer.alloc(64, 8), 0),
  'enter the namespaces of process 1': () => opened('/proc/1/ns/mnt', 'r', (fd) => system('setns', fd, 0)),
  'reach the user namespace above': () => opened('/proc/self/ns/user', 'r', (fd) => system('ioctl', fd, 0xb702, null)),
  'reach the process namespace above': () =>
    opened('/proc/self/ns/pid', 'r', (fd) => system('ioctl', fd, 0xb702, null)),
  'make a block device': () => system('mknod', '/workspace/disk', 0o060666, facts.diskNumber),
  'make a memory device': () => system('mknod', '/workspace/mem', 0o020666, 0x101),
  'push input into a terminal': () => system('ioctl', 0, 0x5412, Buffer.from('x')),
  'open a controlling terminal': () => opened('/dev/tty', 'r+', (fd) => system('ioctl', fd, 0x5412, Buffer.from('x'))),
  'nested: umount /usr': () => nested('umount -l /usr || exit 1'),
  'nested: umount /opt/coditect': () => nested('umount -l /opt/coditect || exit 1'),
  'nested: umount /': () => nested('umount -l / || exit 1'),
  'nested: remount /usr writable': () => nested('mount -o remount,bind,rw /usr && touch /usr/breach'),
  'nested: remount / writable': () => nested('mount -o remount,rw / && touch /breach'),
  'nested: bind and remount /usr': () =>
    nested('mount --bind /usr /tmp && mount -o remount,bind,rw /tmp && touch /tmp/breach'),
  'nested: mount the disk': () => nested(`mknod /tmp/disk b ${facts.diskMajorMinor} && mount /tmp/disk /mnt`),
  'nested: read what root may': () => nested('cat /etc/shadow'),
  'nested: trace process 1': () => nested('ls /proc/1/root/root'),
  'write to sysrq': () => writeFileSync('/proc/sysrq-trigger', 'h'),
  'write to core_pattern': () => writeFileSync('/proc/sys/kernel/core_pattern', '|/workspace/mine'),
  'list the data folder': () => readdirSync(facts.dataFolder),
  'list the data folder by process 1': () => readdirSync(`/proc/1/root${facts.dataFolder}`),
  'list the data folder by its working folder': () =>
    finds(readdirSync('/proc/1/cwd').filter((name) => name === 'root')),
  'list /root': () => readdirSync('/root'),
  'list /boot': () => readdirSync('/boot'),
  'read /etc/shadow': () => readFileSync('/etc/shadow'),
  "read the monitor's configuration": () => readFileSync(facts.monitorConfig),
  "read the monitor's state": () => readdirSync(facts.monitorState),
  "read the other workspace's note": () => readFileSync(facts.otherNote),
  'link to the outside': () => linkSync(facts.monitorConfig, '/workspace/link'),
  "find the monitor's secret in what can be read": () =>
    finds(
      [
        ...processes().flatMap((pid) => [`/proc/${pid}/environ`, `/proc/${pid}/cmdline`]),
        ...readdirSync('/etc/coditect').map((name) => `/etc/coditect/${name}`),
      ].filter((file) => textOf(file).includes(facts.monitorSecret)),
    ),
  "find the server's environment": () =>
    finds(processes().filter((pid) => textOf(`/proc/${pid}/environ`).includes(facts.serverSecret))),
  'find a monitor among the processes': () =>
    finds(processes().filter((pid) => textOf(`/proc/${pid}/cmdline`).includes('monitor'))),
  'find an open folder of the outside': () =>
    finds(
      processes()
        .flatMap((pid) => {
          try {
            return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
          } catch {
            return [];
          }
        })
        .filter((path) => path.startsWith(facts.dataFolder) && !path.endsWith('/host.log')),
    ),
  'find devices beyond the harmless': () =>
    finds(
      readdirSync('/dev').filter(
        (name) => !/^(core|fd|full|null|ptmx|pts|random|shm|stderr|stdin|stdout|tty|urandom|zero|console)$/.test(name),
      ),
    ),
  'hold a capability': () =>
    finds(readFileSync('/proc/self/status', 'utf8').match(/^Cap(Prm|Eff|Bnd|Amb):\s*0*[1-9a-f].*$/gm) ?? []),
  'gain privileges by a program': () =>
    finds(readFileSync('/proc/self/status', 'utf8').match(/^NoNewPrivs:\s*0$/gm) ?? []),
  ...Object.fromEntries(
    Object.entries(facts.processes).flatMap(([name, pid]) => [
      [`signal ${name}`, () => system('kill', pid, 0)],
      [`trace ${name}`, () => system('ptrace', 16, pid, null, null)],
      [`read the memory of ${name}`, () => opened(`/proc/${pid}/mem`, 'r', () => 'opened')],
    ]),
  ),
  ...Object.fromEntries(
    [
      '/breach',
      '/usr/breach',
      '/etc/breach',
      '/dev/breach',
      '/opt/breach',
      '/var/breach',
      '/run/breach',
      `${agent}/agent.mjs`,
      '/etc/coditect/host.toml',
      '/etc/passwd',
    ].map((path) => [`write ${path}`, () => appendFileSync(path, 'x')]),
  ),
};

// What must work, or the refusals would prove nothing.
if (calls.getpid() !== process.pid) throw new Error('system calls do not work');
writeFileSync('/home/dev/mine', 'x');
writeFileSync('/tmp/mine', 'x');

for (const [name, attempt] of Object.entries(attempts)) {
  let outcome;
  try {
    outcome = `SUCCEEDED: ${attempt()}`;
  } catch (error) {
    outcome = `refused: ${error.code ?? (error.stderr || error.message).trim().split('\n').pop()}`;
  }
  appendFileSync('/workspace/outcomes', `${JSON.stringify({ name, outcome })}\n`);
}
writeFileSync('/workspace/outcomes-done', '');
// Last: a signal to everything that can be seen, unless that were all of somebody's processes.
if (textOf('/proc/1/cmdline').startsWith('bwrap')) calls.kill(-1, 9);
