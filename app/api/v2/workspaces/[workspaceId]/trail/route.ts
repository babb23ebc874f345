import { trailQuery } from '../../../../../../lib/contracts/trail.ts';
import { services } from '../../../../../../lib/services.ts';
import { type WorkspaceParams, workspaceOf } from '../../../parameters.ts';
import { callerRoute, json, query } from '../../../route-handler.ts';

export const GET = callerRoute<WorkspaceParams>(async ({ request, caller, params }) =>
  json(await services().trail.read(caller, workspaceOf(params), query(request, trailQuery))),
);
