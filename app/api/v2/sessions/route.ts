import { newSession } from '../../../../lib/contracts/records.ts';
import { services } from '../../../../lib/services.ts';
import { body, callerRoute, json } from '../route-handler.ts';

export const GET = callerRoute(async ({ caller }) => json({ sessions: await services().sessions.list(caller) }));

export const POST = callerRoute(async ({ request, caller }) =>
  json(await services().sessions.create(caller, await body(request, newSession)), 201),
);
