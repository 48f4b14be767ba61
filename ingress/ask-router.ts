import { askCommand } from '../bus/commands.ts';
import { LIMITS } from '../config/limits.ts';
import { GatewayError } from '../schemas/error.ts';
import { type RouterCommand, subjects } from '../schemas/subjects.ts';
import type { IngressContext } from './context.ts';

/** Has one router do something. Throws what it throws, and GatewayError 503 when none answers. */
export async function askRouter<Answer>(
  { bus }: Pick<IngressContext, 'bus'>,
  verb: RouterCommand,
  payload: unknown,
): Promise<Answer> {
  if (!bus.isConnected) throw unavailable('the gateway has no connection to NATS now');
  const subject = subjects.routerCommand(verb);
  const answer = await askCommand<Answer>(bus, subject, payload, LIMITS.routerCommandMsMax);
  if (answer === null) throw unavailable('no router answered: is one running?');
  return answer;
}

function unavailable(message: string): GatewayError {
  return new GatewayError('api_error', message, { status: 503, retryAfterMs: 1_000 });
}
