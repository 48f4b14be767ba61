import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PROVIDER_IDS, type ProviderId } from '../../schemas/provider.ts';
import { validateAnthropicEvents } from '../support/event-grammar.ts';
import { parseEventStream } from '../support/event-parser.ts';
import { messagesBody, post, startTestGateway, type TestGateway } from '../support/gateway.ts';

const BASH = {
  name: 'Bash',
  description: 'Runs a command',
  input_schema: {
    type: 'object',
    properties: { command: { type: 'string' } },
    required: ['command'],
  },
};
const THINKING = {
  thinking: { type: 'adaptive', display: 'summarized' },
  output_config: { effort: 'high' },
  max_tokens: 8_000,
};

interface Message {
  readonly content: readonly Record<string, unknown>[];
  readonly stop_reason: string;
  readonly usage: Record<string, number>;
}

/** A gateway whose auto port knows every provider by the prefix of a model's name. */
function startAll(): Promise<TestGateway> {
  return startTestGateway({ environment: { PROVIDER_CHAIN: PROVIDER_IDS.join(',') } });
}

async function ask(
  gateway: TestGateway,
  provider: ProviderId,
  fields: Record<string, unknown>,
): Promise<{ message: Message; headers: Headers }> {
  const body = messagesBody({ stream: false, model: nameOf(provider), ...fields });
  const { status, text, headers } = await post(`${gateway.url()}/v1/messages`, body);
  assert.equal(status, 200, `${provider}: ${text}`);
  assert.equal(headers.get('x-gateway-provider'), provider);
  return { message: JSON.parse(text), headers };
}

const MODELS: Readonly<Record<(typeof PROVIDER_IDS)[number], string>> & Record<string, string> = {
  anthropic: 'claude-sonnet-5-5',
  'vertex-claude': 'claude-sonnet-5-5',
  openrouter: 'google/gemini-3.1-pro-preview',
  'vertex-gemini': 'gemini-3.1-pro-preview',
  'github-models': 'openai/gpt-4.1',
  'openai-compatible': 'gpt-4.1',
};

/** As the model picker shows it: the provider is part of the name. */
function nameOf(provider: ProviderId): string {
  return `anthropic/${provider}/${MODELS[provider]}`;
}

for (const provider of PROVIDER_IDS) {
  describe(provider, () => {
    it('streams an answer in Anthropic’s event grammar', async () => {
      await using gateway = await startAll();
      const body = messagesBody({
        model: nameOf(provider),
        messages: [{ role: 'user', content: 'sandbox: say Grüße 🙂 from far away' }],
      });
      const { status, text, headers } = await post(`${gateway.url()}/v1/messages`, body);
      assert.equal(status, 200, text);
      assert.equal(headers.get('x-gateway-provider'), provider);
      const { isComplete, message } = validateAnthropicEvents(parseEventStream(text));
      assert.equal(isComplete, true);
      assert.match(JSON.stringify(message), /Grüße 🙂 from far away/);
      const [event] = await gateway.usageEvents();
      assert.equal(event?.provider, provider);
      assert.equal(event?.estimated, false);
      assert.ok((event?.usage.outputTokens ?? 0) > 0);
    });

    it('runs a loop of tool calls, with thinking', async () => {
      await using gateway = await startAll();
      const user = { role: 'user', content: 'sandbox: tool Bash {"command":"echo hi"}' };
      const fields = { tools: [BASH], ...THINKING };
      const first = await ask(gateway, provider, { ...fields, messages: [user] });
      assert.equal(first.message.stop_reason, 'tool_use');
      const call = first.message.content.find(({ type }) => type === 'tool_use');
      assert.deepEqual(call?.input, { command: 'echo hi' });
      assert.match(String(call?.id), /^[a-zA-Z0-9_-]{1,64}$/);
      const result = { type: 'tool_result', tool_use_id: call?.id, content: 'hi' };
      const second = await ask(gateway, provider, {
        ...fields,
        messages: [
          user,
          { role: 'assistant', content: first.message.content },
          { role: 'user', content: [result] },
        ],
      });
      assert.equal(second.message.stop_reason, 'end_turn');
    });

    it('counts tokens', async () => {
      await using gateway = await startAll();
      const body = JSON.stringify({
        model: nameOf(provider),
        messages: [{ role: 'user', content: 'Hello there, how are you today?' }],
      });
      const { status, text } = await post(`${gateway.url()}/v1/messages/count_tokens`, body);
      assert.equal(status, 200, text);
      assert.ok(JSON.parse(text).input_tokens > 3);
    });

    it('tells a rate limit, a refused credential and an overflow in Anthropic’s words', async () => {
      await using gateway = await startAll();
      const answer = async (fault: string | null) => {
        const body = messagesBody({
          model: nameOf(provider),
          messages: [
            { role: 'user', content: fault === null ? 'hello' : `sandbox: fault ${fault}` },
          ],
        });
        const { status, text, headers } = await post(`${gateway.url()}/v1/messages`, body);
        return { status, error: JSON.parse(text).error, headers };
      };
      const longer = { kind: 'status', status: 429, retryAfterSeconds: 20 } as const;
      gateway.sandbox.control.enqueue(provider, { fault: longer });
      const limited = await answer(null);
      assert.equal(limited.status, 429);
      assert.equal(limited.error.type, 'rate_limit_error');
      assert.ok(Number(limited.headers.get('retry-after')) >= 1);
      const refused = await answer('unauthorized');
      assert.notEqual(refused.status, 401);
      assert.match(refused.error.message, /credential/);
    });
  });
}

describe('a session that changes providers within a tool loop with thinking', () => {
  const orders: ProviderId[][] = [
    ['anthropic', 'vertex-gemini', 'openrouter', 'anthropic'],
    ['vertex-gemini', 'anthropic', 'openai-compatible', 'vertex-gemini'],
    ['openrouter', 'vertex-claude', 'vertex-gemini', 'openrouter'],
    ['github-models', 'openrouter', 'anthropic', 'vertex-gemini', 'github-models'],
  ];
  for (const order of orders) {
    it(`works in the order ${order.join(', ')}`, async () => {
      await using gateway = await startAll();
      const messages: unknown[] = [];
      const turn = async (provider: ProviderId, content: unknown) => {
        messages.push({ role: 'user', content });
        const { message } = await ask(gateway, provider, { tools: [BASH], ...THINKING, messages });
        messages.push({ role: 'assistant', content: message.content });
        return message;
      };
      let open: unknown = null;
      for (const [index, provider] of order.entries()) {
        // The result of the last provider's call goes to the next one: the loop changes hands.
        if (open !== null) {
          const result = { type: 'tool_result', tool_use_id: open, content: `done ${index}` };
          const answer = await turn(provider, [result]);
          assert.match(JSON.stringify(answer.content), new RegExp(`done ${index}`));
        }
        const call = (
          await turn(provider, `sandbox: tool Bash {"command":"step ${index}"}`)
        ).content.find(({ type }) => type === 'tool_use');
        assert.deepEqual(call?.input, { command: `step ${index}` });
        open = call?.id;
      }
    });
  }
});
