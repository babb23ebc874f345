import headless from '@xterm/headless';
import { terminalSize } from '../server/testing/client.ts';
import { openLine, type Place } from './lines.ts';

/**
 * A viewer of its own process: opens a terminal at the place it is told, runs a command in it and parses what comes,
 * until it is told to end.
 */
const [placeText = '', command = ''] = process.argv.slice(2);
const place: Place = JSON.parse(placeText);
const screen = new headless.Terminal({ cols: terminalSize.columns, rows: terminalSize.rows, allowProposedApi: true });
const line = await openLine(place, (output, parsed) => screen.write(output, parsed));
line.type(`${command}\r`);
process.send?.('running');
process.once('message', async () => {
  await line.close();
  process.exit(0);
});
