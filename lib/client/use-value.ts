import { useSyncExternalStore } from 'react';
import type { Readable } from './observable.ts';

/** The present value of a model's observable; the component follows its changes. */
export function useValue<T>(readable: Readable<T>): T {
  return useSyncExternalStore(readable.subscribe, readable.get, readable.get);
}
