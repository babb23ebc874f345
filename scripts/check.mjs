// `npm run check`: formatting and lint, types, dead code, generated documents, the house's own rules.
import { environment, installPackages, node, root, run } from './setup.mjs';

process.chdir(root);
installPackages();
run('biome', ['check', '--error-on-warnings', '.']);
run(node, ['node_modules/next/dist/bin/next', 'typegen'], { ...environment, NEXT_TELEMETRY_DISABLED: '1' });
run('tsc', ['--noEmit', '-p', '.']);
run('knip', []);
run(node, ['scripts/generate-docs.ts', '--check']);
