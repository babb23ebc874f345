import { expect, it } from 'vitest';
import { Disposables, toDisposable } from './disposables.ts';
import { Emitter } from './emitter.ts';

it('ends everything once, last made first, and what comes too late at once', () => {
  const ended: number[] = [];
  const owner = new Disposables();
  for (const index of [1, 2, 3]) owner.add(toDisposable(() => ended.push(index)));
  owner[Symbol.dispose]();
  owner[Symbol.dispose]();
  expect(ended).toEqual([3, 2, 1]);
  owner.defer(() => ended.push(4));
  expect(ended).toEqual([3, 2, 1, 4]);
  expect(owner.ended).toBe(true);
});

it('tells every listener, also when one throws, and none that has left', () => {
  const emitter = new Emitter<number>();
  const heard: string[] = [];
  const listener = (event: number) => heard.push(`twice ${event}`);
  const subscriptions = [
    emitter.on(() => {
      throw new Error('first');
    }),
    emitter.on(listener),
    emitter.on(listener),
  ];
  expect(() => emitter.emit(1)).toThrow('first');
  expect(heard).toEqual(['twice 1', 'twice 1']);
  for (const subscription of subscriptions.slice(0, 2)) subscription[Symbol.dispose]();
  emitter.emit(2);
  expect(heard).toHaveLength(3);
  expect(emitter.listenerCount).toBe(1);
});
