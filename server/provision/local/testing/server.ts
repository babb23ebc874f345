import { openLocalProvisioner } from '../provisioner.ts';
import { localOptions } from './local-world.ts';

/**
 * A server of its own process, for tests that kill it or run it as another user: opens the provisioner on the data
 * folder that it is given, does what messages say, answers each.
 */
const provisioner = await openLocalProvisioner(localOptions(process.argv[2] ?? ''));
const acts: Record<string, (argument: never) => unknown> = {
  ensure: (spec) => provisioner.ensure(spec),
  stop: (id) => provisioner.stop(id),
  destroy: (id) => provisioner.destroy(id),
  running: () => provisioner.running(),
  close: () => provisioner.close(),
};
process.on('message', async ({ act, argument }: { act: string; argument: never }) => {
  try {
    process.send?.({ result: (await acts[act]?.(argument)) ?? null });
  } catch (error) {
    process.send?.({ error: String(error) });
  }
});
process.send?.({ result: provisioner.isolation, reason: provisioner.isolationReason });
