import { z } from 'zod';
import { terminalId } from '../contracts/ids.ts';
import { limits } from '../contracts/limits.ts';
import { wirePath } from '../contracts/path.ts';

const shares = z.record(z.string(), z.number().min(0).max(100));

/** The arrangement of the IDE as a session remembers it. Everything has a default, so an older layout still reads. */
export const layout = z.object({
  columns: shares.nullable().catch(null),
  rows: shares.nullable().catch(null),
  explorerOpen: z.boolean().catch(true),
  activityOpen: z.boolean().catch(true),
  terminalOpen: z.boolean().catch(true),
  activeTerminal: terminalId.nullable().catch(null),
  expandedFolders: z.array(wirePath).catch([]),
});
export type Layout = z.infer<typeof layout>;

const defaultLayout: Layout = layout.parse({});

/** Reads a stored layout; what cannot be read becomes the default. */
export function readLayout(stored: string | null): Layout {
  if (stored === null) return defaultLayout;
  try {
    return layout.parse(JSON.parse(stored));
  } catch {
    return defaultLayout;
  }
}

/** Writes a layout within the session's limit, leaving out opened folders if it must. */
export function writeLayout(value: Layout): string {
  const text = JSON.stringify(value);
  return text.length <= limits.sessionLayoutBytesMax / 4 ? text : JSON.stringify({ ...value, expandedFolders: [] });
}
