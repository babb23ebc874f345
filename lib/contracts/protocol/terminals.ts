import { z } from 'zod';
import { clientId, sessionId, terminalId } from '../ids.ts';
import { limits } from '../limits.ts';
import { wirePath } from '../path.ts';
import { terminal } from '../records.ts';
import { bytes, event, nothing, request } from './method.ts';

const columns = z.int().min(1).max(limits.terminalColumnsMax);
const rows = z.int().min(1).max(limits.terminalRowsMax);
/** A position in a terminal's output: bytes since it began. */
const offset = z.int().min(0);

/** What brings a screen up to `offset`, from which `terminal.data` goes on without a hole. */
export const terminalRestore = z.discriminatedUnion('kind', [
  /** The output missed since the offset asked from; it ends at `offset`. */
  z.object({ kind: z.literal('output'), offset, bytes: bytes(limits.terminalReplayBytes) }),
  /** Bytes that draw the exact screen, scrollback and modes onto a reset terminal of this size. */
  z.object({ kind: z.literal('screen'), offset, columns, rows, bytes: bytes(limits.terminalSnapshotBytesMax) }),
]);
export type TerminalRestore = z.infer<typeof terminalRestore>;

const open = z.object({ terminalId, columns, rows, cwd: wirePath.default('' as z.infer<typeof wirePath>) });

const attach = request({
  since: 1,
  says: 'Begins to receive a terminal. `offset` is what the browser has already; null asks for the screen.',
  params: z.object({ terminalId, offset: offset.nullable() }),
  result: z.object({ terminal, restore: terminalRestore }),
});

const input = request({
  since: 1,
  says: 'Keystrokes. `seq` counts 1, 2, 3 … for each client; what is sent again is written once. The answer names the last one written.',
  params: z.object({ terminalId, clientId, seq: z.int().min(1), bytes: bytes(limits.terminalInputBytesMax) }),
  result: z.object({ seq: z.int().min(0) }),
});

const close = request({
  since: 1,
  says: 'Ends the processes of a terminal and forgets its screen.',
  params: z.object({ terminalId }),
  result: nothing,
});

const resize = event({
  since: 1,
  says: 'A new size, from the browser last typed in.',
  params: z.object({ terminalId, columns, rows }),
});

export const terminalData = event({
  since: 1,
  says: 'Output, forwarded unparsed. `offset` is where these bytes begin.',
  params: z.object({ terminalId, offset, bytes: bytes(limits.terminalFrameBytesMax) }),
});

export const terminalChanged = event({
  since: 1,
  says: 'A terminal was opened, resized, renamed, or has ended (after its last output).',
  params: z.object({ terminal }),
});

/** Browser → gateway. */
export const browserTerminalMethods = {
  'terminal.list': request({
    since: 1,
    says: 'The terminals of the session.',
    params: nothing,
    result: z.object({ terminals: z.array(terminal) }),
  }),
  'terminal.open': request({
    since: 1,
    says: 'Starts a shell. The id is minted by the caller, so that a retry opens it once.',
    params: open,
    result: z.object({ terminal }),
  }),
  'terminal.attach': attach,
  'terminal.detach': event({
    since: 1,
    says: 'Stops receiving a terminal; it goes on.',
    params: z.object({ terminalId }),
  }),
  'terminal.input': input,
  'terminal.close': close,
  'terminal.resize': resize,
  'terminal.credit': event({
    since: 1,
    says: 'Everything before `offset` has been parsed by this browser.',
    params: z.object({ terminalId, offset }),
  }),
};

/** Gateway → host. */
export const hostTerminalMethods = {
  'terminal.list': request({
    since: 1,
    says: 'All terminals of the workspace.',
    params: nothing,
    result: z.object({ terminals: z.array(terminal).max(limits.terminalsMax) }),
  }),
  'terminal.open': request({
    since: 1,
    says: 'Starts a shell for a session.',
    params: open.extend({ sessionId }),
    result: z.object({ terminal }),
  }),
  'terminal.attach': attach,
  'terminal.input': input,
  'terminal.close': close,
  'terminal.resize': resize,
  'terminal.credit': event({
    since: 1,
    says: 'How far the quickest live browser has parsed, and how many are live. With none, output is drained into the screen and not sent.',
    params: z.object({ terminalId, offset, live: z.int().min(0) }),
  }),
};
