import { provisionerContract } from '../contract-suite.ts';
import { openLocalWorld } from './testing/local-world.ts';

provisionerContract('the local provisioner in bubblewrap', () => openLocalWorld());
provisionerContract('the local provisioner without a sandbox', () => openLocalWorld({ isolation: 'none' }));
