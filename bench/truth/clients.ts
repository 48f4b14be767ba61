import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../routing/random.ts';
import { type Mark, promptOf, sessionOf } from './marks.ts';
import { drawPlan, type RequestPlan } from './plans.ts';

/** Who is asked, by how many. */
export interface ClientsOptions {
  /** Base addresses: every ingress, every port. */
  readonly origins: readonly string[];
  readonly concurrency: number;
  readonly random: Random;
}

/** What the clients saw. */
export interface ClientCounts {
  /** Requests, and how often they were tried in all. */
  requests: number;
  tries: number;
  answered: number;
  left: number;
  /** No try was answered. */
  failed: number;
}

const TRIES_MAX = 4;
const RETRY_MS = 150;
const TIMEOUT_SECONDS = 30;
const PREFIX_TEXT = 'The quick brown fox wrote "const x = 1;" on line 12, and nobody minded. ';
const PREFIX_SENTENCES = 120;

/** Sends requests until all have ended; those that failed are tried again, as Claude Code does. */
export async function runClients(requests: number, options: ClientsOptions): Promise<ClientCounts> {
  const { concurrency, random } = options;
  const counts: ClientCounts = { requests: 0, tries: 0, answered: 0, left: 0, failed: 0 };
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const client = async (): Promise<void> => {
    while (counts.requests < requests) {
      counts.requests += 1;
      const request = counts.requests;
      const end = await untilAnswered(request, drawPlan(random), { agent, options, counts });
      counts[end] += 1;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, client));
  agent.destroy();
  return counts;
}

interface Client {
  readonly agent: Agent;
  readonly options: ClientsOptions;
  readonly counts: ClientCounts;
}

async function untilAnswered(
  request: number,
  plan: RequestPlan,
  client: Client,
): Promise<'answered' | 'left' | 'failed'> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    client.counts.tries += 1;
    const end = await ask({ request, tries }, plan, client);
    if (end !== 'failed') return end;
    await sleep(RETRY_MS * 2 ** tries);
  }
  return 'failed';
}

async function ask(
  mark: Mark,
  plan: RequestPlan,
  { agent, options }: Client,
): Promise<'answered' | 'left' | 'failed'> {
  const { origins, random } = options;
  const origin = origins[Math.floor(random() * origins.length)];
  const call = httpRequest(`${origin}/v1/messages`, {
    method: 'POST',
    agent,
    headers: {
      'content-type': 'application/json',
      'anthropic-version': '2023-06-01',
      'x-stainless-timeout': String(TIMEOUT_SECONDS),
      'x-claude-code-session-id': sessionOf(mark),
    },
  });
  call.end(bodyOf(mark, plan));
  let hasLeft = false;
  const { leavesAfterMs } = plan;
  const leave = (): void => {
    hasLeft = true;
    call.destroy();
  };
  const timer = setTimeout(leave, leavesAfterMs ?? TIMEOUT_SECONDS * 1_000);
  try {
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    response.setEncoding('utf8');
    let text = '';
    for await (const piece of response) text += piece;
    return isGood(response.statusCode, text, plan) ? 'answered' : 'failed';
  } catch {
    return hasLeft && leavesAfterMs !== null ? 'left' : 'failed';
  } finally {
    clearTimeout(timer);
  }
}

function isGood(status: number | undefined, text: string, { isStream }: RequestPlan): boolean {
  if (status !== 200) return status === 400; // another try would be the same
  if (!isStream) return text.startsWith('{') && JSON.parse(text).type === 'message';
  return text.includes('event: message_stop') && !/^event: error$/m.test(text);
}

function bodyOf(mark: Mark, { model, isStream, prefix, order }: RequestPlan): string {
  const text = `${prefix} ${PREFIX_TEXT.repeat(PREFIX_SENTENCES)}`;
  const system = [{ type: 'text', text, cache_control: { type: 'ephemeral' } }];
  return JSON.stringify({
    model,
    max_tokens: 4_096,
    stream: isStream,
    ...(prefix < 0 ? {} : { system }),
    messages: [{ role: 'user', content: promptOf(mark, order) }],
  });
}
