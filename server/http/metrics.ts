import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';

interface Sources {
  connections(): { browsers: number; hosts: number; monitors: number };
  onTrailAppended(listener: (append: { entries: readonly unknown[] }) => void): Disposable;
}

/** What `GET /metrics` answers with, in Prometheus' text form. */
export function makeMetrics(sources: Sources): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'coditect_connections',
    help: 'Connected sockets by kind.',
    labelNames: ['kind'],
    registers: [registry],
    collect() {
      for (const [kind, count] of Object.entries(sources.connections())) this.set({ kind }, count);
    },
  });
  const appended = new Counter({
    name: 'coditect_trail_entries_total',
    help: 'Trail entries stored since the start.',
    registers: [registry],
  });
  sources.onTrailAppended(({ entries }) => appended.inc(entries.length));
  return registry;
}
