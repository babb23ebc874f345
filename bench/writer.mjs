// Writes files into a new folder as fast as it can, and prints how many milliseconds it took.
import { mkdirSync, writeFileSync } from 'node:fs';

const [folder, count] = process.argv.slice(2);
mkdirSync(folder);
const begin = performance.now();
for (let file = 0; file < Number(count); file += 1) writeFileSync(`${folder}/${file}`, `content ${file}`);
process.stdout.write(String(performance.now() - begin));
