import { LIMITS } from '../config/limits.ts';
import type { RouteRequest } from '../schemas/envelope.ts';
import type { ProviderId } from '../schemas/provider.ts';
import type { Explanation } from '../schemas/routing.ts';
import { sendJson } from './answer.ts';
import { askRouter } from './ask-router.ts';
import { findProvider } from './find-provider.ts';
import { readMessagesRequest } from './read-request.ts';
import { invalid } from './request-fields.ts';
import type { Call } from './routes.ts';

/**
 * `POST /admin/route/explain`: where a Messages request with these headers would go, and why. The query's `pinned` stands
 * for a provider's own port. Nobody is called and nothing is reserved.
 */
export async function postExplain(call: Call): Promise<void> {
  const { context, request, reply, requestId } = call;
  const pinned = pinnedProvider(call);
  const body = await request.body(LIMITS.bodyBytesMax);
  const { facts } = readMessagesRequest(body, {
    operation: 'messages',
    header: (name) => request.header(name),
  });
  const question: RouteRequest = {
    v: 1,
    requestId,
    pinned,
    facts,
    failed: [],
    hasWaited: false,
  };
  const value = await askRouter<Explanation>(context, 'explain', question);
  sendJson(reply, 200, { requestId, value });
}

function pinnedProvider({ context, request, pinned }: Call): ProviderId | null {
  const name = new URLSearchParams(request.query).get('pinned');
  if (name === null) return pinned;
  const settings = findProvider(context.config.providers, name);
  if (settings === null) throw invalid('pinned: no such provider');
  return settings.id;
}
