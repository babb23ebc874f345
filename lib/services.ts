import type { Services } from './contracts/services/services.ts';

const door = Symbol.for('coditect.services');

/**
 * The running services. Next.js bundles its own copy of every module, so the custom server builds them once and
 * publishes them here; see ARCHITECTURE.md, "One process, one set of services".
 * @throws Error when called outside the custom server, e.g. while `next build` imports a route.
 */
export function services(): Services {
  const found = (globalThis as { [door]?: Services })[door];
  if (!found) throw new Error('The services are not running: pages are served by server/main.ts only.');
  return found;
}

/** Called once, by the composition root. */
export function publishServices(running: Services): void {
  (globalThis as { [door]?: Services })[door] = running;
}
