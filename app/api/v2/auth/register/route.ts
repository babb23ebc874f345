import { registration } from '../../../../../lib/contracts/records.ts';
import { services } from '../../../../../lib/services.ts';
import { body, json, publicRoute } from '../../route-handler.ts';

export const POST = publicRoute(async ({ request, peer }) => {
  const { token, expiresAt, user, workspace } = await services().accounts.register(
    await body(request, registration),
    peer,
  );
  return json({ token, expiresAt, user, workspace }, 201);
});
