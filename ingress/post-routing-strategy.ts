import { z } from 'zod';
import { STRATEGY_NAMES } from '../schemas/routing.ts';
import { sendJson } from './answer.ts';
import { askRouter } from './ask-router.ts';
import { readAdminBody } from './read-admin-body.ts';
import type { Call } from './routes.ts';

const bodySchema = z.strictObject({
  strategy: z.enum(STRATEGY_NAMES, {
    error: `Invalid routing strategy; known are ${STRATEGY_NAMES.join(', ')}`,
  }),
});

/** `POST /admin/routing-strategy {"strategy"}`: every router follows, and it survives restarts. */
export async function postRoutingStrategy(call: Call): Promise<void> {
  const { context, request, reply, requestId } = call;
  const from = request.remoteAddress();
  const { strategy } = await readAdminBody(request, bodySchema);
  await askRouter(context, 'strategy', { strategy, from });
  const value = { message: `Routing strategy updated to ${strategy}` };
  sendJson(reply, 200, { requestId, value });
}
