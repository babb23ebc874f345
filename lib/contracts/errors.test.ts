import { expect, it } from 'vitest';
import { z } from 'zod';
import { CoditectError, errorCodes, errorTable, isCoditectError, parse, problem, toProblem } from './errors.ts';

it('goes over the wire and back, whatever its code', () => {
  for (const code of errorCodes) {
    const error = new CoditectError(code, 'Plain words.', { field: 'a.0', retryAfterMs: 5, facts: { sha256: 'x' } });
    const sent = problem.parse(JSON.parse(JSON.stringify(error.toProblem())));
    expect(sent).toMatchObject({ code, status: errorTable[code].http, title: errorTable[code].title });
    const back = CoditectError.fromProblem(sent);
    expect(back.toProblem()).toEqual(sent);
    expect(isCoditectError(back, code)).toBe(true);
  }
  expect(Object.keys(new CoditectError('conflict', 'x').toProblem())).toEqual(['code', 'title', 'status', 'detail']);
});

it('is known across module graphs by name and code, and nothing else is', () => {
  const foreign = Object.assign(new Error('x'), { name: 'CoditectError', code: 'conflict' });
  expect(isCoditectError(foreign, 'conflict')).toBe(true);
  expect(isCoditectError(foreign, 'not_found')).toBe(false);
  for (const other of [new Error('x'), { name: 'CoditectError' }, 'CoditectError', null, undefined])
    expect(isCoditectError(other)).toBe(false);
});

it('lets nothing out of an error that is not ours', () => {
  for (const secret of [new Error('the password is hunter2'), 'hunter2', { detail: 'hunter2' }, null]) {
    expect(toProblem(secret)).toMatchObject({ code: 'internal', status: 500 });
    expect(JSON.stringify(toProblem(secret))).not.toContain('hunter2');
  }
});

it('names the first field at fault', () => {
  const schema = z.object({ files: z.array(z.object({ path: z.string('must be text') })) });
  expect(() => parse(schema, { files: [{ path: 'a' }, { path: 5 }] })).toThrow(
    expect.objectContaining({
      code: 'invalid_request',
      message: 'files.1.path: must be text',
      details: { field: 'files.1.path' },
    }),
  );
  expect(() => parse(z.string('must be text'), 5)).toThrow(
    expect.objectContaining({ message: 'must be text', details: {} }),
  );
});
