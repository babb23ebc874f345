import { services } from '../../../../../lib/services.ts';
import { type WorkspaceParams, workspaceOf } from '../../parameters.ts';
import { callerRoute, json } from '../../route-handler.ts';

export const GET = callerRoute<WorkspaceParams>(async ({ caller, params }) =>
  json(await services().workspaces.get(caller, workspaceOf(params))),
);
