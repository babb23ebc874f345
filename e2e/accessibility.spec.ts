import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from './test.ts';

/** What axe finds against WCAG 2.2 AA. Monaco and xterm are other people's trees, reached by names that are checked. */
async function faults(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
    .exclude('.monaco-editor')
    .exclude('.xterm')
    .analyze();
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 200)}`));
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`pages and IDE can be read and reached, ${colorScheme}`, async ({ ide, page, server }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    for (const path of ['/', '/login', '/register']) {
      await page.goto(`${server.address()}${path}`);
      expect(await faults(page), path).toEqual([]);
    }
    await ide.register();
    await ide.ready();
    await ide.newFile('hello.py');
    await ide.type('x = 1');
    await ide.newTerminal();
    await expect(ide.entry('created', 'hello.py')).toBeVisible();
    expect(await faults(page), 'the IDE').toEqual([]);
    await page.keyboard.press('Alt+2');
    await page.keyboard.press('ControlOrMeta+Shift+p');
    await expect(page.getByPlaceholder('Type a command')).toBeFocused();
    expect(await faults(page), 'the palette').toEqual([]);
  });
}

test('everything fits a screen of 360 pixels, one pane at a time', async ({ ide, page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await ide.register();
  await expect(page.getByTestId('workspace-state')).toHaveAttribute('data-status', 'running', { timeout: 30_000 });
  for (const pane of ['Files', 'Terminal', 'Activity', 'Editor']) {
    await page.getByRole('navigation', { name: 'Panes' }).getByRole('button', { name: pane }).click();
    await expect(page.locator(`[data-pane="${pane.toLowerCase()}"]`)).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
  }
  expect(await faults(page)).toEqual([]);
});
