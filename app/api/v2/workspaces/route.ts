import { services } from '../../../../lib/services.ts';
import { callerRoute, json } from '../route-handler.ts';

export const GET = callerRoute(async ({ caller }) => json({ workspaces: await services().workspaces.list(caller) }));
