import { services } from '../../../../../lib/services.ts';
import { callerRoute, noContent } from '../../route-handler.ts';

export const POST = callerRoute(async ({ caller, peer }) => {
  await services().accounts.logout(caller, peer);
  return noContent();
});
