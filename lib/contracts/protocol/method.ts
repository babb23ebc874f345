import { z } from 'zod';
import { type Problem, problem } from '../errors.ts';

/** The versions of the wire protocol this build speaks, both ends included. */
export const protocolVersions = { min: 1, max: 1 } as const;

/** The kind of a wire method: a request is answered through Socket.IO's acknowledgement, an event is not. */
export interface RequestRow<Params extends z.ZodType = z.ZodType, Result extends z.ZodType = z.ZodType> {
  kind: 'request';
  /** The protocol version that brought it. */
  since: number;
  says: string;
  params: Params;
  result: Result;
}
export interface EventRow<Params extends z.ZodType = z.ZodType> {
  kind: 'event';
  since: number;
  says: string;
  params: Params;
}
export type MethodRow = RequestRow | EventRow;
export type MethodTable = Record<string, MethodRow>;

export function request<Params extends z.ZodType, Result extends z.ZodType>(
  row: Omit<RequestRow<Params, Result>, 'kind'>,
): RequestRow<Params, Result> {
  return { kind: 'request', ...row };
}

export function event<Params extends z.ZodType>(row: Omit<EventRow<Params>, 'kind'>): EventRow<Params> {
  return { kind: 'event', ...row };
}

export type RequestName<Table extends MethodTable> = {
  [Name in keyof Table]: Table[Name] extends RequestRow ? Name : never;
}[keyof Table] &
  string;
export type EventName<Table extends MethodTable> = Exclude<keyof Table, RequestName<Table>> & string;
export type ParamsOf<Row> = Row extends { params: infer Params extends z.ZodType } ? z.output<Params> : never;
export type InputOf<Row> = Row extends { params: infer Params extends z.ZodType } ? z.input<Params> : never;
export type ResultOf<Row> = Row extends { result: infer Result extends z.ZodType } ? z.output<Result> : never;

/** Every acknowledgement has this shape, so that an error never looks like a result. */
export type Reply<Result> = { ok: true; result: Result } | { ok: false; problem: Problem };
export const reply = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), result: z.unknown() }),
  z.object({ ok: z.literal(false), problem }),
]);

/** The Socket.IO event map of a table: what the sender may emit and the receiver listens to. */
export type EventMap<Table extends MethodTable> = {
  [Name in keyof Table & string]: Table[Name] extends RequestRow
    ? (params: InputOf<Table[Name]>, answer: (reply: Reply<ResultOf<Table[Name]>>) => void) => void
    : (params: InputOf<Table[Name]>) => void;
};

/** Binary fields. Socket.IO hands Node a Buffer and browsers an ArrayBuffer; both come out as a Uint8Array. */
export function bytes(max: number) {
  return z
    .custom<Uint8Array | ArrayBuffer>(
      (value) => value instanceof Uint8Array || value instanceof ArrayBuffer,
      'must be bytes',
    )
    .transform((value) => (value instanceof ArrayBuffer ? new Uint8Array(value) : value))
    .refine((value) => value.byteLength <= max, `must be at most ${max} bytes`);
}

/** What a client says in Socket.IO's `auth` before anything else. */
export const handshake = z.object({
  protocol: z.object({ min: z.int().min(1), max: z.int().min(1) }),
  /** A Bearer token; a browser leaves it out and is known by its cookie. */
  token: z.string().max(4_096).optional(),
});
export type Handshake = z.infer<typeof handshake>;

/** The greatest version both sides speak, or undefined. */
export function agreedVersion(theirs: { min: number; max: number }): number | undefined {
  const version = Math.min(theirs.max, protocolVersions.max);
  return version >= Math.max(theirs.min, protocolVersions.min) ? version : undefined;
}

export const nothing = z.object({});
