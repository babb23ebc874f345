// `npm start` and `npm run dev`: sets up what is missing, then serves.
import { buildIfStale, environment, follow, installPackages, node } from './setup.mjs';

const development = process.argv.includes('--dev');
installPackages();
buildIfStale(development ? 'agent' : 'all');
const env = { ...environment, NODE_ENV: development ? 'development' : 'production' };
const program = development ? ['server/main.ts', '--dev'] : ['dist/server.mjs'];
// Small young generations: a server that mostly waits needs no 48 MB for what is gone the next moment.
follow(node, ['--max-semi-space-size=4', '--disable-warning=ExperimentalWarning', ...program], env);
