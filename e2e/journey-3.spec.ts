import { IdePage } from './ide-page.ts';
import { expect, test } from './test.ts';

const program = 'print("hello from coditect")\n';

test('every change in editor and terminal shows in tree and activity, and is in the trail', async ({ ide, page }) => {
  await ide.register();
  await ide.ready();

  await ide.newFile('hello.py');
  await ide.type(program);
  await ide.save('hello.py');
  const saved = ide.entry('modified', 'hello.py');
  await expect(saved).toBeVisible();
  await expect(saved).toHaveAttribute('data-origin', 'editor');
  await expect(saved).toContainText(`${program.length} B`);
  await expect(saved.locator('[data-sha256]')).toHaveAttribute('data-sha256', await sha256(program));

  await ide.newTerminal();
  await ide.run('python3 hello.py');
  await expect.poll(() => ide.screenText()).toContain('\nhello from coditect');

  await ide.run('git init -q .');
  await expect(ide.treeItem('.git')).toBeVisible();
  // Of the many files that git makes, the panel draws those in sight.
  const made = page.locator('[data-testid=entry][data-kind=created][data-path^=".git"]').first();
  await expect(made).toHaveAttribute('data-origin', 'unattributed');

  await ide.run('echo hi > x');
  await expect(ide.treeItem('x')).toBeVisible();
  await expect(ide.entry('created', 'x')).toBeVisible();
  await ide.run('mv x y');
  await expect(ide.treeItem('y')).toBeVisible();
  await expect(ide.treeItem('x')).toHaveCount(0);
  await expect(ide.entry('renamed', 'y')).toBeVisible();
  await ide.run('rm y');
  await expect(ide.treeItem('y')).toHaveCount(0);
  await expect(ide.entry('deleted', 'y')).toBeVisible();

  await ide.run(
    'mkdir -p /tmp/p/lib && seq 100 >/tmp/p/lib/a.txt && tar -C /tmp -cf /tmp/p.tar p && tar xf /tmp/p.tar',
  );
  await expect(ide.treeItem('p')).toBeVisible();
  await expect(ide.entry('created', 'p/lib/a.txt')).toBeVisible();
  await ide.treeItem('p').click();
  await expect(ide.treeItem('p/lib')).toBeVisible();

  const told = (await ide.trail()).map(({ kind, path, origin }) => `${kind} ${path} ${origin.kind}`);
  for (const line of [
    'modified hello.py editor',
    'created .git unattributed',
    'created x unattributed',
    'renamed y unattributed',
    'deleted y unattributed',
    'created p/lib/a.txt unattributed',
  ])
    expect(told).toContain(line);
  await expect(page.getByTestId('trail-state')).toContainText('Trail complete');
});

test('a change made in the terminal is seen within a second', async ({ ide }) => {
  await ide.register();
  await ide.ready();
  await ide.newTerminal();
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    await ide.run(`echo ${round} > file-${round}`);
    const began = performance.now();
    await expect(ide.entry('created', `file-${round}`)).toBeVisible();
    await expect(ide.treeItem(`file-${round}`)).toBeVisible();
    times.push(Math.round(performance.now() - began));
  }
  test.info().annotations.push({ type: 'milliseconds to be seen', description: times.join(', ') });
  expect(times.sort((a, b) => a - b)[2]).toBeLessThan(1_000);
});

test('a reload brings back tabs, screens and unsaved text, also inside vim and htop', async ({ ide, page }) => {
  await ide.register();
  await ide.ready();
  await ide.newFile('hello.py');
  await ide.type(program);
  await ide.save('hello.py');
  await ide.newFile('notes.md');
  await ide.type('never saved');
  await expect(ide.tab('notes.md')).toHaveAttribute('data-dirty', 'true');

  await ide.newTerminal();
  await ide.run('vim -u NONE -N hello.py');
  await expect.poll(async () => (await ide.screen()).buffer).toBe('alternate');
  await page.keyboard.type('oprint("typed in vim")');
  await expect.poll(() => ide.screenText()).toContain('typed in vim');
  const before = await ide.screen();
  // The session remembers its tabs a moment after they rest.
  await expect.poll(() => storedTabs(ide)).toEqual(['hello.py', 'notes.md']);

  await page.reload();
  await ide.ready();
  await expect(page.getByTestId('tab')).toHaveCount(2);
  await expect(ide.tab('notes.md')).toHaveAttribute('aria-selected', 'true');
  await expect(ide.tab('notes.md')).toHaveAttribute('data-dirty', 'true');
  await expect.poll(() => ide.editorText()).toContain('never saved');
  await expect.poll(() => ide.screen()).toEqual(before);

  await ide.focusTerminal();
  await page.keyboard.press('Escape');
  await page.keyboard.type(':wq\n');
  await expect.poll(async () => (await ide.screen()).buffer).toBe('normal');
  await ide.run('cat hello.py');
  await expect.poll(() => ide.screenText()).toContain('\nprint("typed in vim")');
  await ide.tab('hello.py').click();
  await expect.poll(() => ide.editorText()).toContain('typed in vim');

  await ide.run('htop');
  await expect.poll(() => ide.screenText()).toContain('Load average');
  await page.reload();
  await ide.ready();
  await expect.poll(async () => (await ide.screen()).buffer).toBe('alternate');
  await expect.poll(() => ide.screenText()).toContain('Load average');
});

test('text typed just before the tab is killed is not lost', async ({ ide, page, context, server }) => {
  await ide.register();
  await ide.ready();
  await ide.newFile('draft.txt');
  await ide.type('written a moment before the end');
  await expect(ide.tab('draft.txt')).toHaveAttribute('data-dirty', 'true');
  const address = page.url();
  // Longer than the journal may take (limits.journalDelayMs), as a person would need to reach the close button.
  await page.waitForTimeout(400);
  await page.close({ runBeforeUnload: false });
  const again = new IdePage(await context.newPage(), server);
  await again.page.goto(address);
  await expect(again.tab('draft.txt')).toHaveAttribute('data-dirty', 'true');
  await expect.poll(() => again.editorText()).toContain('written a moment before the end');
});

test('a save over a file that changed meanwhile asks, and loses neither side', async ({ ide, page }) => {
  await ide.register();
  await ide.ready();
  await ide.newFile('shared.txt');
  await ide.type('mine');
  await ide.newTerminal();
  await ide.run('echo theirs > shared.txt');
  await expect(page.getByText('The file was changed on disk while you have unsaved text.')).toBeVisible();
  await page.locator('.monaco-editor').first().click();
  await page.keyboard.press('ControlOrMeta+s');
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('was changed on disk');
  await expect(dialog.getByTestId('diff')).toContainText('theirs');
  await expect(dialog.getByTestId('diff')).toContainText('mine');
  await dialog.getByRole('button', { name: 'Save mine over it' }).click();
  await expect(ide.tab('shared.txt')).toHaveAttribute('data-dirty', 'false');
  await ide.run('cat shared.txt');
  await expect.poll(() => ide.screenText()).toContain('\nmine');
});

test('a restart of the server ends nothing: account, session, trail, terminals, and a build that runs meanwhile', async ({
  ide,
  page,
  server,
  complaints,
}) => {
  await ide.register();
  await ide.ready();
  await ide.newFile('kept.txt');
  await ide.newTerminal();
  await ide.run('for i in $(seq 1 40); do echo "step $i of the build"; sleep 0.1; done; echo built > artefact');
  await expect.poll(() => ide.screenText()).toContain('step 3 of the build');

  await server.stop();
  expect(server.output).toContain('goes on');
  await ide.page.locator('.monaco-editor').first().click();
  await ide.type('typed while the server was away');
  await expect(page.getByText('The server cannot be reached.')).toBeVisible({ timeout: 20_000 });
  await server.start();

  await expect.poll(() => ide.screenText(), { timeout: 30_000 }).toContain('step 40 of the build');
  const steps = (await ide.screenText()).match(/step \d+ of the build/g) ?? [];
  expect(new Set(steps).size).toBe(40);
  expect(steps.length).toBe(40);
  await ide.ready();
  await expect(ide.entry('created', 'artefact')).toBeVisible({ timeout: 20_000 });
  await page.locator('.monaco-editor').first().click();
  await ide.save('kept.txt');

  await page.reload();
  await ide.ready();
  await expect(ide.tab('kept.txt')).toBeVisible();
  await expect.poll(() => ide.screenText()).toContain('step 40 of the build');
  await expect(ide.entry('created', 'kept.txt')).toBeVisible();
  // While the server was away the browser could not but complain.
  complaints.splice(0, complaints.length, ...complaints.filter((text) => !/WebSocket|ERR_CONNECTION/.test(text)));
});

test('a stopped workspace keeps files, settings and history, and starts again', async ({ ide, page }) => {
  await ide.register();
  await ide.ready();
  await ide.newTerminal();
  await ide.run('git config --global user.name "Ada L" && echo remembered > kept; exit');
  await expect(page.getByTestId('terminal-tab')).toHaveAttribute('data-state', 'exited');
  await expect(page.getByText('This is its last screen.')).toBeVisible();

  await page.getByTestId('workspace-state').click();
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByText(/The workspace is stopped/)).toBeVisible({ timeout: 30_000 });
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await ide.ready();

  await ide.newTerminal();
  await ide.run('git config --global user.name; cat kept; history | grep -c remembered');
  await expect.poll(() => ide.screenText()).toContain('\nAda L\nremembered\n');
});

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** What the session remembers on the server of open files: what a reload will open. */
async function storedTabs(ide: IdePage): Promise<string[]> {
  const sessionId = new URL(ide.page.url()).pathname.split('/').at(-1);
  const session = await ide.api<{ files: { path: string; position: number }[] }>(`sessions/${sessionId}`);
  return session.files.sort((a, b) => a.position - b.position).map(({ path }) => path);
}
