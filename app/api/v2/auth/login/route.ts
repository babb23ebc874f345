import { credentials } from '../../../../../lib/contracts/records.ts';
import { services } from '../../../../../lib/services.ts';
import { body, json, publicRoute } from '../../route-handler.ts';

export const POST = publicRoute(async ({ request, peer }) => {
  const { token, expiresAt, user } = await services().accounts.login(await body(request, credentials), peer);
  return json({ token, expiresAt, user });
});
