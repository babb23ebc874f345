import { z } from 'zod';

/** Every way a call can fail, with its HTTP status and whether the same call may succeed later. */
export const errorTable = {
  invalid_request: { http: 400, retryable: false, title: 'The request is not of the right form' },
  unauthenticated: { http: 401, retryable: false, title: 'Sign in to go on' },
  forbidden: { http: 403, retryable: false, title: 'This is not allowed' },
  not_found: { http: 404, retryable: false, title: 'There is no such thing here' },
  conflict: { http: 409, retryable: false, title: 'It is in another state than the request expects' },
  invite_expired: { http: 410, retryable: false, title: 'The invite is no longer valid' },
  stale_write: { http: 412, retryable: false, title: 'The file changed meanwhile' },
  too_large: { http: 413, retryable: false, title: 'It is larger than the limit' },
  protocol_mismatch: { http: 426, retryable: false, title: 'The two sides speak different versions' },
  rate_limited: { http: 429, retryable: true, title: 'Too many requests' },
  internal: { http: 500, retryable: false, title: 'Something failed on our side' },
  workspace_unavailable: { http: 503, retryable: true, title: 'The workspace cannot be reached' },
  storage_full: { http: 507, retryable: true, title: 'There is no room left' },
} as const satisfies Record<string, { http: number; retryable: boolean; title: string }>;

export type ErrorCode = keyof typeof errorTable;
export const errorCodes = Object.keys(errorTable) as [ErrorCode, ...ErrorCode[]];

/** What goes over the wire: RFC 9457 problem details with our code in place of a type URI. */
export const problem = z.object({
  code: z.enum(errorCodes),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  /** The input at fault, where there is one, as a dotted path: `files.0.path`. */
  field: z.string().optional(),
  retryAfterMs: z.int().min(0).optional(),
  /** Facts a client may act on, e.g. the hash a stale write met. Strings only. */
  facts: z.record(z.string(), z.string()).optional(),
});
export type Problem = z.infer<typeof problem>;

export interface ProblemDetails {
  /** The input at fault, as a dotted path. */
  field?: string;
  retryAfterMs?: number;
  facts?: Record<string, string>;
  cause?: unknown;
}

/** The one error class. Match it by `code`, never by text. */
export class CoditectError extends Error {
  readonly code: ErrorCode;
  readonly details: ProblemDetails;

  constructor(code: ErrorCode, message: string, details: ProblemDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'CoditectError';
    this.code = code;
    this.details = details;
  }

  toProblem(): Problem {
    const { field, retryAfterMs, facts } = this.details;
    return {
      code: this.code,
      title: errorTable[this.code].title,
      status: errorTable[this.code].http,
      detail: this.message,
      ...(field === undefined ? {} : { field }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(facts === undefined ? {} : { facts }),
    };
  }

  static fromProblem(problem: Problem): CoditectError {
    const { field, retryAfterMs, facts } = problem;
    return new CoditectError(problem.code, problem.detail, {
      ...(field === undefined ? {} : { field }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(facts === undefined ? {} : { facts }),
    });
  }
}

/**
 * Whether `error` is one of ours, and, when given, of this code. Known by its name: the class exists twice, in Next's
 * bundle and in the server's modules, and an error thrown by a service must be recognised by a page.
 */
export function isCoditectError(error: unknown, code?: ErrorCode): error is CoditectError {
  return error instanceof Error && error.name === 'CoditectError' && (code === undefined || codeOf(error) === code);
}

function codeOf(error: Error): unknown {
  return 'code' in error ? error.code : undefined;
}

/**
 * Checks `value` against `schema`.
 * @throws CoditectError `invalid_request` naming the first field at fault and what it must be.
 */
export function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue?.path.map(String).join('.') ?? '';
  const what = issue?.message ?? 'is not valid';
  throw new CoditectError('invalid_request', field === '' ? what : `${field}: ${what}`, field === '' ? {} : { field });
}

/** The one boundary's translation: ours go out as they are, anything else leaves as `internal` without its text. */
export function toProblem(error: unknown): Problem {
  if (isCoditectError(error)) return error.toProblem();
  return new CoditectError('internal', 'Something failed on our side. It has been logged.').toProblem();
}
