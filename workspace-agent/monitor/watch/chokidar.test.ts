import { ChokidarWatcher } from './chokidar.ts';
import { watcherContract } from './watcher-contract.ts';

watcherContract('chokidar', (options) => ChokidarWatcher.open(options));
