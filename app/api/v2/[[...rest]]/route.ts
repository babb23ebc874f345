import { CoditectError } from '../../../../lib/contracts/errors.ts';
import { publicRoute } from '../route-handler.ts';

/** What the API does not have is answered in its own form, not with a page. */
const nothingHere = publicRoute<{ rest?: string[] }>(async () => {
  throw new CoditectError('not_found', 'The API has no such address.');
});

export { nothingHere as DELETE, nothingHere as GET, nothingHere as PATCH, nothingHere as POST, nothingHere as PUT };
