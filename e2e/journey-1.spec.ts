import { ada } from './ide-page.ts';
import { expect, test } from './test.ts';

test('registers, sees the workspace come up, and stands in the IDE with a session', async ({ ide, page }) => {
  await ide.register();
  await ide.ready();
  await expect(page.getByTestId('files')).toBeVisible();
  await page.getByTestId('workspace-state').click();
  for (const stage of ['requested', 'volume', 'sandbox', 'host', 'monitor', 'ready'])
    await expect(page.getByTestId(`stage-${stage}`)).toHaveAttribute('data-state', 'done');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: /^Session / })).toBeVisible();
});

test('says beside each field what is wrong with it, and keeps what was typed', async ({ ide, page, server }) => {
  await page.goto(`${server.address()}/register`);
  await page.getByLabel('Name').fill('Ada');
  await page.getByLabel('E-mail').fill('not an address');
  await page.getByLabel('Password', { exact: true }).fill('short');
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(page.getByText('This must be an e-mail address.')).toBeVisible();
  await expect(page.getByText('This must have at least 12 characters.')).toBeVisible();
  await expect(page.getByLabel('E-mail')).toHaveValue('not an address');
  await expect(page.getByLabel('Name')).toHaveValue('Ada');
  await ide.register();
  await page.context().clearCookies();
  await page.goto(`${server.address()}/register`);
  await page.getByLabel('Name').fill('Another');
  await page.getByLabel('E-mail').fill(ada.email);
  await page.getByLabel('Password', { exact: true }).fill('a sentence of my own');
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(page.getByRole('alert').filter({ hasText: /\w/ }).first()).toBeVisible();
  await expect(page).toHaveURL(/\/register$/);
});

for (const host of ['localhost', '127.0.0.1']) {
  test(`works alike under ${host}`, async ({ ide, page, server }) => {
    await ide.register(ada, host);
    await ide.ready();
    await ide.newFile('here.txt');
    expect(new URL(page.url()).origin).toBe(server.address(host));
  });
}

test('signs out everywhere and in again, one answer for every wrong sign-in', async ({ ide, page, complaints }) => {
  await ide.register();
  await ide.ready();
  const session = page.url();
  await page.getByRole('button', { name: /theme and sign out/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.waitForURL(/\/login$/);
  await page.goto(session);
  await expect(page).toHaveURL(/\/login$/);
  for (const email of [ada.email, 'nobody@example.com']) {
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password', { exact: true }).fill('this is not the one');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByText('The e-mail or the password is not right.')).toBeVisible();
  }
  // The browser itself tells of the two refusals.
  complaints.splice(0, complaints.length, ...complaints.filter((text) => !text.includes('401')));
  await page.getByLabel('E-mail').fill(ada.email);
  await page.getByLabel('Password', { exact: true }).fill(ada.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(session);
  await ide.ready();
});
