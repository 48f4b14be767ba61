import { sendJson } from './answer.ts';
import type { Call } from './routes.ts';

/** `GET /stats`: requests, routers, providers and recent decisions, at most a second old. */
export async function getStats({ context, reply, requestId }: Call): Promise<void> {
  sendJson(reply, 200, { requestId, value: await context.stats() });
}
