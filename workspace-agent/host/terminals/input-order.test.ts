import { expect, it } from 'vitest';
import type { ClientId } from '../../../lib/contracts/ids.ts';
import { limits } from '../../../lib/contracts/limits.ts';
import { InputOrder } from './input-order.ts';

it('knows the next piece of each client, and forgets the one that was silent longest', () => {
  const order = new InputOrder();
  const client = (number: number) => `c${number}` as ClientId;
  expect(order.isNext(client(0), 2)).toBe(false);
  for (let number = 0; number < limits.terminalClientsMax; number += 1) order.written(client(number), 1);
  order.written(client(0), 2);
  expect([order.isNext(client(0), 2), order.isNext(client(0), 3), order.isNext(client(0), 4)]).toEqual([
    false,
    true,
    false,
  ]);
  order.written(client(limits.terminalClientsMax), 1);
  expect(order.last(client(0))).toBe(2);
  expect(order.last(client(1))).toBe(0);
  expect(order.last(client(2))).toBe(1);
});
