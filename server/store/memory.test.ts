import { storeContract } from './contract-suite.ts';
import { openMemoryStore } from './memory.ts';

storeContract('memory', async (clock) => {
  const store = openMemoryStore({ clock });
  return { store, dispose: () => store.close() };
});
