import type { ConnectionState } from '../../lib/client/connection.ts';
import type { MonitorStatus, WorkspaceStageName, WorkspaceStatus } from '../../lib/contracts/records.ts';

/** How states are told to people, in one place. */

export const workspaceWords: Record<WorkspaceStatus, string> = {
  pending: 'Waiting to start',
  starting: 'Starting',
  running: 'Running',
  stopping: 'Stopping',
  stopped: 'Stopped',
  failed: 'Failed',
};

export const stageWords: Record<WorkspaceStageName, string> = {
  requested: 'Request accepted',
  volume: 'Storage for your files',
  sandbox: 'Isolated machine',
  host: 'Terminals and files',
  monitor: 'Audit trail',
  ready: 'Ready',
};

export const monitorWords: Record<MonitorStatus['state'], string> = {
  live: 'Every change is recorded as it happens.',
  scanning: 'Comparing all files with the trail. Changes are recorded meanwhile.',
  degraded: 'Changes are found by repeated scans, seconds later. States between two scans may not be seen apart.',
  offline: 'Changes are not being watched now. A scan will find them when the monitor is back.',
};

export function connectionWords(state: ConnectionState): string {
  switch (state.kind) {
    case 'connecting':
      return 'Connecting';
    case 'live':
      return 'Connected';
    case 'reconnecting':
      return 'Reconnecting';
    case 'offline':
      return 'Offline';
    case 'ended':
      return 'Disconnected';
  }
}

/** e.g. `812 B`, `1.4 kB`, `23 MB`. */
export function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** How long ago: `now`, `12 s`, `5 min`, `3 h`, then the day. */
export function agoText(at: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - at) / 1_000));
  if (seconds < 2) return 'now';
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h`;
  return new Date(at).toLocaleDateString(undefined, { day: 'numeric', month: 'short' });
}

export function exactTime(at: number): string {
  return new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

export function durationText(milliseconds: number): string {
  return milliseconds < 1_000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1_000).toFixed(1)} s`;
}
