import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from './test.ts';

/** Findings that keep somebody from using the page. */
async function barriers(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'])
    .analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`));
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`nothing bars a screen reader or weak eyes, ${colorScheme}`, async ({ ide, page, server }) => {
    await page.emulateMedia({ colorScheme });
    for (const path of ['/', '/login', '/register']) {
      await page.goto(`${server.address()}${path}`);
      expect(await barriers(page), path).toEqual([]);
    }
    await ide.register();
    await ide.ready();
    await ide.newFile('hello.py');
    await ide.type('print("hello")');
    await ide.save('hello.py');
    await page.getByRole('button', { name: 'New terminal' }).first().click();
    await expect(ide.entry('created', 'hello.py')).toBeVisible();
    expect(await barriers(page), 'the IDE').toEqual([]);
  });
}
