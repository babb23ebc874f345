// `npm start` and `npm run dev`: sets up what is missing, then serves.
import { buildIfStale, environment, follow, installPackages, node } from './setup.mjs';

const development = process.argv.includes('--dev');
installPackages();
buildIfStale(development ? 'agent' : 'all');
const env = { ...environment, NODE_ENV: development ? 'development' : 'production' };
follow(node, ['--disable-warning=ExperimentalWarning', 'server/main.ts', ...(development ? ['--dev'] : [])], env);
