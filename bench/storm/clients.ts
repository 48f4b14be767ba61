import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import type { Random } from '../routing/random.ts';

/** Requests as several sessions of Claude Code send them, each with a main conversation and agents. */
export interface ClientPlan {
  /** Base address of the gateway. */
  readonly origin: string;
  readonly concurrency: number;
  readonly sessions: number;
  /** Seconds after which a client gives up, as it tells. */
  readonly timeoutSeconds: number;
  readonly random: Random;
}

/** An answer that a client would not call one. */
export interface VisibleError {
  readonly requestId: number;
  readonly isStream: boolean;
  readonly status: number;
  /** The answer's end. */
  readonly text: string;
  /** The gateway's headers about its attempts. */
  readonly route: string;
  readonly tookMs: number;
}

const AGENTS_MAX = 4;
const STREAM_SHARE = 0.7;
const MAIN_SHARE = 0.6;
/** Long enough to be cached, so that conversations have homes. */
const PROMPT = 'The quick brown fox wrote "const x = 1;" on line 12, and nobody minded. '.repeat(
  60,
);
const TEXT_SHOWN_CHARACTERS = 300;

/** Sends requests until all are answered. */
export class StormClients {
  readonly #plan: ClientPlan;
  readonly #agent: Agent;
  #sent = 0;
  #openWhole = 0;
  #onWholeDone: (() => void)[] = [];
  /** Only streams are sent. */
  mustStream = false;
  readonly errors: VisibleError[] = [];
  /** Attempts of each answered request, as the gateway tells. */
  readonly attempts: number[] = [];

  constructor(plan: ClientPlan) {
    this.#plan = plan;
    this.#agent = new Agent({ keepAlive: true, maxSockets: plan.concurrency });
  }

  /** Sends this many requests; resolves when the last is answered. */
  async run(requests: number): Promise<void> {
    const client = async (): Promise<void> => {
      while (this.#sent < requests) {
        this.#sent += 1;
        await this.#ask(this.#sent);
      }
    };
    await Promise.all(Array.from({ length: this.#plan.concurrency }, client));
    this.#agent.destroy();
  }

  /** Resolves when no whole message is being waited for. */
  async wholeAnswered(): Promise<void> {
    if (this.#openWhole === 0) return;
    await new Promise<void>((resolve) => this.#onWholeDone.push(resolve));
  }

  async #ask(requestId: number): Promise<void> {
    const { random } = this.#plan;
    const isStream = random() < STREAM_SHARE || this.mustStream;
    if (!isStream) this.#openWhole += 1;
    const startedAtMs = performance.now();
    const answer = await this.#post(requestId, isStream);
    const tookMs = performance.now() - startedAtMs;
    if (!isStream) this.#wholeDone();
    const { status, headers, text } = answer;
    this.attempts.push(Number(headers['x-gateway-attempts']));
    if (isGood(answer, isStream)) return;
    const route = `${headers['x-gateway-attempts']} attempts, ${headers['x-gateway-provider']}, ${headers['x-gateway-route']}`;
    const shown = text.slice(-TEXT_SHOWN_CHARACTERS);
    this.errors.push({ requestId, isStream, status, text: shown, route, tookMs });
  }

  #wholeDone(): void {
    this.#openWhole -= 1;
    if (this.#openWhole > 0) return;
    for (const resolve of this.#onWholeDone.splice(0)) resolve();
  }

  async #post(requestId: number, isStream: boolean): Promise<Answer> {
    const { origin, random, sessions, timeoutSeconds } = this.#plan;
    const session = Math.floor(random() * sessions);
    const agent = random() < MAIN_SHARE ? null : Math.floor(random() * AGENTS_MAX);
    const call = httpRequest(`${origin}/v1/messages`, {
      method: 'POST',
      agent: this.#agent,
      headers: {
        'content-type': 'application/json',
        'anthropic-version': '2023-06-01',
        'x-stainless-timeout': String(timeoutSeconds),
        'x-claude-code-session-id': `storm-session-${session}`,
        ...(agent === null ? {} : { 'x-claude-code-agent-id': `agent-${session}-${agent}` }),
      },
    });
    call.end(bodyOf(requestId, { session, agent, isStream }));
    try {
      const [response] = (await once(call, 'response')) as [IncomingMessage];
      response.setEncoding('utf8');
      let text = '';
      for await (const piece of response) text += piece;
      return { status: response.statusCode ?? 0, headers: response.headers, text };
    } catch (error) {
      return { status: 0, headers: {}, text: String(error) };
    }
  }
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

function bodyOf(
  requestId: number,
  { session, agent, isStream }: { session: number; agent: number | null; isStream: boolean },
): string {
  return JSON.stringify({
    model: 'claude-sonnet-5-5',
    max_tokens: 1024,
    stream: isStream,
    system: [
      {
        type: 'text',
        text: `${session} ${agent} ${PROMPT}`,
        cache_control: { type: 'ephemeral' },
      },
    ],
    messages: [{ role: 'user', content: `storm request ${requestId}.` }],
  });
}

function isGood({ status, text }: Answer, isStream: boolean): boolean {
  if (status !== 200) return false;
  if (!isStream) return text.startsWith('{') && JSON.parse(text).type === 'message';
  return text.includes('event: message_stop') && !/^event: error$/m.test(text);
}

/** The number of the request in a body that reached a provider; null = it is none of the storm's. */
export function stormRequestOf(body: Buffer): number | null {
  const found = /storm request (\d+)\./.exec(body.toString());
  return found === null ? null : Number(found[1]);
}
