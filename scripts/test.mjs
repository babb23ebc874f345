// `npm test`: sets up what the suites need, runs every one, and ends with one honest line of counts.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildIfStale, environment, installPackages, node, root } from './setup.mjs';

const programs = {
  chromium: 'chromium',
  bwrap: 'bubblewrap',
  vim: 'vim',
  htop: 'htop',
  git: 'git',
  pip3: 'python3-pip',
};

process.chdir(root);
installPackages();
installPrograms();
buildIfStale();
const results = mkdtempSync(join(tmpdir(), 'coditect-test-'));
const counts = [vitest(), playwright()];
rmSync(results, { recursive: true, force: true });
const total = (name) => counts.reduce((sum, count) => sum + count[name], 0);
const [passed, failed, skipped] = ['passed', 'failed', 'skipped'].map(total);
process.stdout.write(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);

/** On Debian as root the programs are installed; elsewhere the suites that lack one say so and skip. */
function installPrograms() {
  const missing = Object.entries(programs).filter(([name]) => spawnSync('which', [name]).status !== 0);
  if (missing.length === 0) return;
  const packages = missing.map(([, name]) => name);
  if (process.getuid?.() !== 0 || spawnSync('which', ['apt-get']).status !== 0) {
    process.stdout.write(`Not installed, so their suites are skipped: ${packages.join(', ')}\n`);
    return;
  }
  process.stdout.write(`Installing ${packages.join(', ')} …\n`);
  const quiet = { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  spawnSync('apt-get', ['update', '-qq'], quiet);
  spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], quiet);
}

function vitest() {
  const file = join(results, 'vitest.json');
  const { status } = start('node_modules/vitest/vitest.mjs', [
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
  ]);
  if (!existsSync(file)) return { passed: 0, failed: 1, skipped: 0 };
  const report = JSON.parse(readFileSync(file, 'utf8'));
  // A file that could not be loaded holds no test, and an error outside of tests none either: each counts as a failure.
  const broken = report.testResults.filter(
    (suite) => suite.status === 'failed' && suite.assertionResults.length === 0,
  ).length;
  const failed = report.numFailedTests + broken;
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && status !== 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

function playwright() {
  if (!existsSync('playwright.config.ts')) return { passed: 0, failed: 0, skipped: 0 };
  const file = join(results, 'playwright.json');
  const { status } = start('node_modules/@playwright/test/cli.js', ['test', '--reporter=list,json'], {
    PLAYWRIGHT_JSON_OUTPUT_FILE: file,
  });
  if (!existsSync(file)) return { passed: 0, failed: 1, skipped: 0 };
  const { stats, errors } = JSON.parse(readFileSync(file, 'utf8'));
  const failed = stats.unexpected + errors.length;
  return {
    passed: stats.expected + stats.flaky,
    failed: failed === 0 && status !== 0 ? 1 : failed,
    skipped: stats.skipped,
  };
}

function start(program, args, extra = {}) {
  return spawnSync(node, [program, ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...environment, NODE_ENV: 'test', ...extra },
  });
}
