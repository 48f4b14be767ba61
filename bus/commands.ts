import { randomUUID } from 'node:crypto';
import { ERROR_TYPES, type ErrorType, GatewayError } from '../schemas/error.ts';
import { decodeBatch, encodeBatch } from './codec.ts';
import type { Bus, BusMessage, BusSubscription } from './connect.ts';
import type { Log } from './log.ts';

/** What travels back: the answer, or the error that the handler threw. */
interface CommandReply {
  readonly answer?: unknown;
  readonly error?: { readonly type: string; readonly message: string; readonly status: number };
}

/**
 * Asks one of those that serve `subject`. Null = nobody answered: at once when nobody serves it, else after `waitMs`.
 *
 * @throws GatewayError as the other side threw it.
 */
export async function askCommand<Answer>(
  bus: Bus,
  subject: string,
  payload: unknown,
  waitMs: number,
): Promise<Answer | null> {
  const [reply] = await gather(bus, { subject, payload, waitMs, quietMs: 0 });
  if (reply === undefined) return null;
  const { error } = reply;
  if (error !== undefined) throw gatewayError(error);
  return reply.answer as Answer; // written by our own processes
}

/**
 * Asks all that serve `subject` and returns the answers in the order they came. Ends after `waitMs`, or `quietMs` after
 * the last answer. Whoever failed is left out: its own log says why.
 */
export async function askEveryone<Answer>(
  bus: Bus,
  subject: string,
  payload: unknown,
  { waitMs, quietMs }: { readonly waitMs: number; readonly quietMs: number },
): Promise<readonly Answer[]> {
  const replies = await gather(bus, { subject, payload, waitMs, quietMs });
  const whole = replies.filter(({ error }) => error === undefined);
  return whole.map(({ answer }) => answer as Answer); // written by our own processes
}

/**
 * Serves a command. A GatewayError that the handler throws is thrown again at the asker; anything else is logged, and
 * the asker gets an `api_error`. With `queue`, one member of the group answers.
 */
export function serveCommand(
  bus: Bus,
  subject: string,
  handler: (payload: unknown) => unknown,
  options: { readonly queue?: string; readonly log: Log },
): BusSubscription {
  const { queue, log } = options;
  const failed = (error: unknown): CommandReply => {
    if (error instanceof GatewayError) {
      return { error: { type: error.type, message: error.message, status: error.status } };
    }
    log.error({ error, subject }, 'command failed');
    const message = 'the command failed; the log of the process that served it says why';
    return { error: { type: 'api_error', message, status: ERROR_TYPES.api_error.status } };
  };
  const listener = async ({ data, reply }: BusMessage): Promise<void> => {
    if (reply === '') return;
    try {
      const answer: CommandReply = { answer: (await handler(decodeBatch(data))) ?? null };
      bus.publish(reply, encodeBatch(answer)); // throws when the answer is over max_payload
    } catch (error) {
      bus.publish(reply, encodeBatch(failed(error)));
    }
  };
  return bus.subscribe(subject, listener, queue === undefined ? {} : { queue });
}

function gather(
  bus: Bus,
  question: { subject: string; payload: unknown; waitMs: number; quietMs: number },
): Promise<readonly CommandReply[]> {
  const { promise, resolve } = Promise.withResolvers<readonly CommandReply[]>();
  const replies: CommandReply[] = [];
  const inbox = `_INBOX.${randomUUID()}`;
  const end = (): void => {
    clearTimeout(last);
    clearTimeout(quiet);
    subscription.unsubscribe();
    resolve(replies);
  };
  const last = setTimeout(end, question.waitMs);
  let quiet: NodeJS.Timeout | undefined;
  const subscription = bus.subscribe(inbox, (message) => {
    if (!message.isNoResponders) replies.push(decodeBatch<CommandReply>(message.data));
    if (message.isNoResponders || question.quietMs === 0) return end();
    clearTimeout(quiet);
    quiet = setTimeout(end, question.quietMs);
  });
  bus.publish(question.subject, encodeBatch(question.payload), inbox);
  return promise;
}

function gatewayError(error: NonNullable<CommandReply['error']>): GatewayError {
  const type = Object.hasOwn(ERROR_TYPES, error.type) ? (error.type as ErrorType) : 'api_error'; // checked key
  return new GatewayError(type, error.message, { status: error.status });
}
