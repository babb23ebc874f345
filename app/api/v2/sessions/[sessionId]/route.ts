import { sessionChange } from '../../../../../lib/contracts/records.ts';
import { services } from '../../../../../lib/services.ts';
import { type SessionParams, sessionOf } from '../../parameters.ts';
import { body, callerRoute, json, noContent } from '../../route-handler.ts';

export const GET = callerRoute<SessionParams>(async ({ caller, params }) =>
  json(await services().sessions.get(caller, sessionOf(params))),
);

export const PATCH = callerRoute<SessionParams>(async ({ request, caller, params }) =>
  json(await services().sessions.change(caller, sessionOf(params), await body(request, sessionChange))),
);

export const DELETE = callerRoute<SessionParams>(async ({ caller, params }) => {
  await services().sessions.terminate(caller, sessionOf(params));
  return noContent();
});
