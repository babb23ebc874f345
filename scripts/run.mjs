// Runs one of our TypeScript programs on the project's Node: `node scripts/run.mjs server/admin.ts stop`.
import { environment, follow, installPackages, node } from './setup.mjs';

installPackages();
follow(node, ['--disable-warning=ExperimentalWarning', ...process.argv.slice(2)], environment);
