import { cpus } from 'node:os';
import { bulk } from './bulk.ts';
import { echo } from './echo.ts';
import { memory } from './memory.ts';
import { trail } from './trail.ts';

const benches = { echo, bulk, trail, memory };
const names = Object.keys(benches) as (keyof typeof benches)[];

/** `npm run bench -- NAME …`: prints what it measures as Markdown. It judges nothing. */
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !names.some((known) => known === name));
if (unknown.length > 0 || wanted.length === 0) {
  process.stderr.write(`Usage: npm run bench -- NAME …\nNames: ${names.join(', ')}\n`);
  process.exit(1);
}
process.stdout.write(`${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores, Node ${process.version}\n\n`);
for (const name of names.filter((known) => wanted.includes(known))) process.stdout.write(`${await benches[name]()}\n`);
process.exit(0);
