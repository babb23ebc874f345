import { expect, type Locator, type Page } from '@playwright/test';
import type { TestServer } from './test-server.ts';

export interface Account {
  name: string;
  email: string;
  password: string;
}

export const ada: Account = { name: 'Ada Lovelace', email: 'ada@example.com', password: 'notes on the engine' };

interface Screen {
  lines: string[];
  cursor: [column: number, row: number];
  buffer: 'normal' | 'alternate';
}

/** The IDE as a person uses it: by what is named on the screen, and by keys. */
export class IdePage {
  readonly page: Page;
  readonly server: TestServer;
  #token: string | undefined;

  constructor(page: Page, server: TestServer) {
    this.page = page;
    this.server = server;
  }

  async register(account: Account = ada, host?: string): Promise<void> {
    await this.page.goto(`${this.server.address(host)}/register`);
    await this.page.getByLabel('Name').fill(account.name);
    await this.page.getByLabel('E-mail').fill(account.email);
    await this.page.getByLabel('Password', { exact: true }).fill(account.password);
    await this.page.getByRole('button', { name: 'Create account' }).click();
    await this.page.waitForURL(/\/ide\/[a-z2-7]+$/);
  }

  /** Waits until the workspace is there to be worked with. */
  async ready(): Promise<void> {
    await expect(this.page.getByTestId('workspace-state')).toHaveAttribute('data-status', 'running', {
      timeout: 30_000,
    });
    await expect(this.page.getByTestId('live')).toHaveAttribute('data-live', 'true', { timeout: 30_000 });
  }

  async newFile(path: string): Promise<void> {
    await this.page.getByRole('button', { name: 'New file' }).first().click();
    await this.page.getByLabel('Path in the workspace').fill(path);
    await this.page.keyboard.press('Enter');
    await expect(this.tab(path)).toHaveAttribute('aria-selected', 'true');
    await expect(this.page.locator('.monaco-editor.focused')).toBeVisible({ timeout: 20_000 });
  }

  tab(path: string): Locator {
    return this.page.locator(`[data-testid=tab][data-path="${path}"]`);
  }

  treeItem(path: string): Locator {
    return this.page.locator(`[data-testid=tree-item][data-path="${path}"]`);
  }

  entry(kind: string, path: string): Locator {
    return this.page.locator(`[data-testid=entry][data-kind=${kind}][data-path="${path}"]`);
  }

  /** Types into whatever has the focus, key by key. */
  async type(text: string): Promise<void> {
    await this.page.keyboard.type(text);
  }

  async save(path: string): Promise<void> {
    await this.page.keyboard.press('ControlOrMeta+s');
    await expect(this.tab(path)).toHaveAttribute('data-dirty', 'false');
  }

  /** The text that the editor holds, as its model has it. */
  async editorText(): Promise<string> {
    return this.page.locator('.monaco-editor .view-lines').evaluate((lines) =>
      [...lines.children]
        .map((line) => ({ top: Number.parseFloat((line as HTMLElement).style.top), text: line.textContent ?? '' }))
        .sort((a, b) => a.top - b.top)
        .map(({ text }) => text.replaceAll('\u00a0', ' '))
        .join('\n'),
    );
  }

  async newTerminal(): Promise<void> {
    const before = await this.page.getByTestId('terminal-tab').count();
    await this.page.getByRole('button', { name: 'New terminal' }).first().click();
    await expect(this.page.getByTestId('terminal-tab')).toHaveCount(before + 1);
    await expect.poll(() => this.screenText()).toContain('$');
  }

  async focusTerminal(): Promise<void> {
    await this.page.locator('[data-testid=terminal-screen]:visible .xterm-screen').click();
  }

  /** Types a command into the terminal that is shown. */
  async run(command: string): Promise<void> {
    await this.focusTerminal();
    await this.page.keyboard.insertText(command);
    await this.page.keyboard.press('Enter');
  }

  /** What the shown terminal's screen holds, read from its buffer: the screen itself is a canvas. */
  async screen(): Promise<Screen> {
    const id = await this.page.locator('[data-testid=terminal-screen]:visible').getAttribute('data-terminal');
    return this.page.evaluate((terminalId) => {
      const terminal = globalThis.coditectTerminals?.get(terminalId ?? '');
      if (!terminal) return { lines: [], cursor: [0, 0], buffer: 'normal' };
      const { active } = terminal.buffer;
      const lines = Array.from(
        { length: active.length },
        (_, row) => active.getLine(row)?.translateToString(true) ?? '',
      );
      return { lines, cursor: [active.cursorX, active.cursorY], buffer: active.type };
    }, id);
  }

  async screenText(): Promise<string> {
    return (await this.screen()).lines.join('\n');
  }

  /** What the API answers to this account at a path below `/api/v2`. */
  async api<T>(path: string, account: Account = ada): Promise<T> {
    const base = `${this.server.address()}/api/v2`;
    if (this.#token === undefined) {
      const { email, password } = account;
      const login = await this.page.request.post(`${base}/auth/login`, { data: { email, password } });
      this.#token = ((await login.json()) as { token: string }).token;
    }
    const answer = await this.page.request.get(`${base}/${path}`, {
      headers: { authorization: `Bearer ${this.#token}` },
    });
    expect(answer.status(), await answer.text()).toBe(200);
    return (await answer.json()) as T;
  }

  /** The trail as the API tells it, oldest first. */
  async trail(): Promise<{ seq: number; kind: string; path: string; origin: { kind: string } }[]> {
    const sessionId = new URL(this.page.url()).pathname.split('/').at(-1);
    const { workspaceId } = await this.api<{ workspaceId: string }>(`sessions/${sessionId}`);
    const page = await this.api<{ entries: [] }>(`workspaces/${workspaceId}/trail?order=oldest&limit=1000`);
    return page.entries;
  }
}
