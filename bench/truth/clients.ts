import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../routing/random.ts';
import { Conversation, type TurnMark } from './conversation.ts';
import { drawConversation, drawPlan, pick, type RequestPlan } from './plans.ts';

/** Who is asked, by how many. */
export interface ClientsOptions {
  /** Base addresses: every ingress, every port. */
  readonly origins: readonly string[];
  readonly concurrency: number;
  readonly random: Random;
}

/** What the clients saw. */
export interface ClientCounts {
  conversations: number;
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

/**
 * Has clients hold one conversation after another until so many requests have ended; those that failed are tried again, as
 * Claude Code does.
 */
export async function runClients(requests: number, options: ClientsOptions): Promise<ClientCounts> {
  const { concurrency, origins, random } = options;
  const counts: ClientCounts = {
    conversations: 0,
    requests: 0,
    tries: 0,
    answered: 0,
    left: 0,
    failed: 0,
  };
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const client = async (): Promise<void> => {
    while (counts.requests < requests) {
      counts.conversations += 1;
      const plan = drawConversation(random);
      const conversation = new Conversation(counts.conversations, plan);
      // A client has one gateway and one port of it.
      const talk = { agent, conversation, origin: pick(random, origins), counts };
      for (let turn = 0; turn < plan.turns && counts.requests < requests; turn += 1) {
        await oneTurn(drawPlan(random), talk);
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, client));
  agent.destroy();
  return counts;
}

interface Talk {
  readonly agent: Agent;
  readonly conversation: Conversation;
  readonly origin: string;
  readonly counts: ClientCounts;
}

async function oneTurn(plan: RequestPlan, talk: Talk): Promise<void> {
  const { conversation, counts } = talk;
  counts.requests += 1;
  const request = counts.requests;
  let mark = { request, tries: 0 };
  let end = await ask(mark, plan, talk);
  while (end === 'failed' && mark.tries + 1 < TRIES_MAX) {
    await sleep(RETRY_MS * 2 ** mark.tries);
    mark = { request, tries: mark.tries + 1 };
    end = await ask(mark, plan, talk);
  }
  counts[end] += 1;
  conversation.said(mark, plan);
  await sleep(plan.pauseMs);
}

type Ending = 'answered' | 'left' | 'failed';

async function ask(
  mark: TurnMark,
  plan: RequestPlan,
  { agent, conversation, origin, counts }: Talk,
): Promise<Ending> {
  counts.tries += 1;
  const call = httpRequest(`${origin}/v1/messages`, {
    method: 'POST',
    agent,
    headers: {
      'content-type': 'application/json',
      'anthropic-version': '2023-06-01',
      'x-stainless-timeout': String(TIMEOUT_SECONDS),
      'x-claude-code-session-id': conversation.session,
    },
  });
  call.end(conversation.body(mark, plan));
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
