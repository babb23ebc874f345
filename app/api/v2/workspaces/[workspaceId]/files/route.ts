import { fileMethods } from '../../../../../../lib/contracts/protocol/files.ts';
import { services } from '../../../../../../lib/services.ts';
import { folderQuery, type WorkspaceParams, workspaceOf } from '../../../parameters.ts';
import { callerRoute, json, query } from '../../../route-handler.ts';

export const GET = callerRoute<WorkspaceParams>(async ({ request, caller, params }) => {
  const { path, after } = query(request, folderQuery);
  const scope = { workspaceId: workspaceOf(params), origin: { kind: 'api', sessionId: null } } as const;
  const listing = fileMethods['file.list'].params.parse({ path, after: after ?? null });
  return json(await services().files.call(caller, scope, { method: 'file.list', params: listing }));
});
