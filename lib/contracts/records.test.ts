import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { limits } from './limits.ts';
import { fileMethods } from './protocol/files.ts';
import { agreedVersion, bytes, protocolVersions } from './protocol/method.ts';
import { protocolTables } from './protocol/tables.ts';
import {
  credentials,
  email,
  fileState,
  newPassword,
  personName,
  sessionChange,
  sessionName,
  terminal,
} from './records.ts';

const takes = (schema: z.ZodType, value: unknown) => schema.safeParse(value).success;
/** The greatest that is taken and the first that is not. */
function expectEdge(schema: z.ZodType, of: (length: number) => unknown, max: number): void {
  expect(takes(schema, of(max))).toBe(true);
  expect(takes(schema, of(max + 1))).toBe(false);
}
const text = (length: number) => 'x'.repeat(length);

describe('what people write', () => {
  it('is bounded', () => {
    const { passwordLengthMax, passwordLengthMin, nameLengthMax, sessionNameLengthMax, emailLengthMax } = limits;
    expectEdge(newPassword, text, passwordLengthMax);
    expect([takes(newPassword, text(passwordLengthMin)), takes(newPassword, text(passwordLengthMin - 1))]).toEqual([
      true,
      false,
    ]);
    expectEdge(personName, text, nameLengthMax);
    expectEdge(sessionName, text, sessionNameLengthMax);
    const address = (length: number) => `a@${`${'x'.repeat(49)}.`.repeat(6).slice(-(length - 2))}`.replace(/\.$/, 'm');
    expectEdge(email, address, emailLengthMax);
    expectEdge(credentials.shape.password, text, passwordLengthMax);
  });

  it('is trimmed, an address in lower case too', () => {
    expect(email.parse('  Ada@Example.COM ')).toBe('ada@example.com');
    expect(personName.parse(' Ada ')).toBe('Ada');
    for (const wrong of ['', 'ada', 'ada@', '@example.com', 'a b@example.com', 'ada@example.com\n, eve@example.com'])
      expect(takes(email, wrong), wrong).toBe(false);
    for (const wrong of ['', '   ', null, 5]) expect(takes(personName, wrong)).toBe(false);
  });
});

describe('what programs send', () => {
  it('is bounded', () => {
    const file = (position: number) => ({ path: 'a', position, active: false, baseSha256: null });
    expectEdge(
      sessionChange,
      (count) => ({ files: Array.from({ length: count }, () => file(0)) }),
      limits.sessionFilesMax,
    );
    expectEdge(sessionChange, (length) => ({ layout: text(length) }), limits.sessionLayoutBytesMax);
    expectEdge(fileState, file, limits.sessionFilesMax);
    const size = { terminalId: 'a', sessionId: 'a', title: '', startedAt: 0, state: { kind: 'running' } };
    expectEdge(terminal, (columns) => ({ ...size, columns, rows: 1 }), limits.terminalColumnsMax);
    expectEdge(terminal, (rows) => ({ ...size, columns: 1, rows }), limits.terminalRowsMax);
    expectEdge(fileMethods['file.list'].params, (limit) => ({ path: '', limit }), limits.fileListEntriesMax);
    expectEdge(bytes(3), (length) => new Uint8Array(length), 3);
  });

  it('writes no further than the size it tells', () => {
    const write = (size: number, offset: number, length: number) =>
      takes(fileMethods['file.write'].params, {
        opId: 'a',
        path: 'a',
        baseHash: 'any',
        size,
        offset,
        bytes: new Uint8Array(length),
      });
    expect([write(5, 0, 5), write(5, 5, 0), write(5, 1, 5), write(limits.fileWriteBytesMax + 1, 0, 0)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('the protocol', () => {
  it('agrees on the greatest version that both sides speak', () => {
    const { min, max } = protocolVersions;
    expect(agreedVersion({ min, max })).toBe(max);
    expect(agreedVersion({ min: 1, max: max + 5 })).toBe(max);
    expect(agreedVersion({ min: max + 1, max: max + 5 })).toBeUndefined();
  });

  it('says of every row what it is for and since when', () => {
    for (const table of Object.values(protocolTables))
      for (const [name, row] of Object.entries(table)) {
        expect(row.says, name).toMatch(/^[A-Z].*\.$/s);
        expect(row.since, name).toBeGreaterThanOrEqual(1);
        expect(row.since, name).toBeLessThanOrEqual(protocolVersions.max);
      }
  });
});
