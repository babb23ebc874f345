// Stands in for the bundled agent in tests: it lives, has children that try to outlive it, and obeys files.
import { spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [role, , file] = process.argv.slice(2);
const config = Object.fromEntries(
  [...readFileSync(file, 'utf8').matchAll(/^(\w+) = "(.*)"$/gm)].map(([, name, value]) => [name, value]),
);

if (existsSync(join(config.root, `${role}-dies`))) {
  process.stderr.write('starting\nno more \u001b[31mof this\n');
  process.exit(1);
}
if (role === 'host') runHost();
else writeFileSync(join(config.state, 'index'), config.enrolment);
setInterval(() => {}, 60_000);

function runHost() {
  // A child in a session of its own, and one that has lost its parent: neither may be left over.
  spawn('sleep', ['100000'], { detached: true, stdio: 'ignore' }).unref();
  spawn('bash', ['-c', '(setsid sleep 100000 &)'], { stdio: 'ignore' });
  process.once('SIGTERM', () => {
    writeFileSync(join(config.home, 'asked-to-end'), '');
    process.exit(0);
  });
  const script = join(config.root, 'script.sh');
  if (!existsSync(script)) return;
  const output = openSync(join(config.root, 'script.out'), 'w');
  const child = spawn('bash', [script], { stdio: ['ignore', output, output] });
  child.once('exit', () => writeFileSync(join(config.root, 'script.done'), ''));
}
