import { test as base, expect, type Page } from '@playwright/test';
import { IdePage } from './ide-page.ts';
import { TestServer } from './test-server.ts';

interface Fixtures {
  server: TestServer;
  ide: IdePage;
  /** What the browser complained of; a test that provokes a complaint takes it out. */
  complaints: string[];
}

/**
 * Every test gets a server of its own, and fails on any error in the console, any breach of the content security policy
 * and any request to another place than the server.
 */
export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of what a fixture needs from this pattern.
  server: async ({}, use) => {
    const server = await TestServer.open();
    await use(server);
    await server.close();
  },
  complaints: async ({ context, server }, use) => {
    const complaints: string[] = [];
    context.on('page', (page) => watch(page, server, complaints));
    await use(complaints);
    expect(complaints, 'what the browser complained of').toEqual([]);
  },
  ide: async ({ page, server, complaints }, use) => {
    watch(page, server, complaints);
    await use(new IdePage(page, server));
  },
});

export { expect };

function watch(page: Page, server: TestServer, complaints: string[]): void {
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`page: ${error.stack ?? error.message}`));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (['http:', 'https:', 'ws:', 'wss:'].includes(url.protocol) && url.port !== String(server.port))
      complaints.push(`request: ${request.url()}`);
  });
}
