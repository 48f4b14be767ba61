/** What an upstream can do wrong, over every provider's wire, as the client and the ledger see it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FaultPresetName } from '../../sandbox/fault-presets.ts';
import { PROVIDER_IDS, type ProviderId } from '../../schemas/provider.ts';
import { validateAnthropicEvents } from '../support/event-grammar.ts';
import { parseEventStream } from '../support/event-parser.ts';
import { messagesBody, post, startTestGateway } from '../support/gateway.ts';

const MODELS: Readonly<Record<string, string>> = {
  openrouter: 'google/gemini-3.1-pro-preview',
  'github-models': 'gpt-4.1',
  'openai-compatible': 'gpt-4.1',
};
const BEFORE: readonly (readonly [fault: FaultPresetName, status: number, type: string])[] = [
  // A wait of a second is waited for.
  ['rate-limit-no-hint', 429, 'rate_limit_error'],
  ['overloaded', 529, 'overloaded_error'],
  // On another wire an upstream's 500 is a bad gateway.
  ['server-error', 500, 'api_error'],
  ['unauthorized', 502, 'api_error'],
  ['no-credit', 402, 'billing_error'],
  ['bad-gateway', 502, 'api_error'],
  ['html', 502, 'api_error'],
  ['empty', 502, 'api_error'],
];
const INSIDE: readonly FaultPresetName[] = ['cut', 'cut-mid-event'];

async function start(provider: ProviderId, more: readonly ProviderId[] = []) {
  const gateway = await startTestGateway({
    environment: { PROVIDER_CHAIN: [provider, ...more].join(','), BIG_MODEL: '' },
  });
  const ask = (fault: FaultPresetName, fields: Record<string, unknown> = {}) =>
    post(
      `${gateway.url()}/v1/messages`,
      messagesBody({
        model: MODELS[provider] ?? 'claude-sonnet-5-5',
        messages: [{ role: 'user', content: `sandbox: tokens 60\nsandbox: fault ${fault}` }],
        ...fields,
      }),
    );
  return { gateway, ask };
}

for (const provider of PROVIDER_IDS) {
  describe(provider, () => {
    it('tells failures before the first byte in Anthropic’s shape, never as a 401', async () => {
      const { gateway, ask } = await start(provider);
      await using _gateway = gateway;
      for (const [fault, status, type] of BEFORE) {
        const { status: seen, text } = await ask(fault);
        const body = JSON.parse(text);
        assert.deepEqual([fault, body.type, body.error.type], [fault, 'error', type], text);
        const isSame = seen === status || (status === 500 && seen === 502);
        assert.ok(isSame, `${fault}: ${seen} ${text}`);
        assert.doesNotMatch(text, /test-credential|sk-|ghp_|test-access-token|<html/i);
      }
      for (const event of await gateway.usageEvents()) assert.equal(event.outcome, 'failed');
    });

    it('ends a broken stream with one error event, and bills an estimate', async () => {
      const { gateway, ask } = await start(provider);
      await using _gateway = gateway;
      // Chunk by chunk: a failure in the same piece as the first content would not have been seen.
      gateway.sandbox.control.setBehaviour(provider, { tokensPerSecond: 2_000, chunksPerTick: 1 });
      for (const fault of INSIDE) {
        const { status, text } = await ask(fault);
        assert.equal(status, 200, `${fault}: ${text}`);
        const folded = validateAnthropicEvents(parseEventStream(text), { mayEndWith: 'error' });
        assert.notEqual(folded.error, null, `${fault}: ${text.slice(-300)}`);
      }
      const events = await gateway.usageEvents();
      assert.equal(events.length, INSIDE.length);
      for (const { outcome, usage } of events) {
        assert.equal(outcome, 'failed');
        assert.ok(usage.outputTokens > 0);
      }
    });

    it('is left for a provider of another wire before the client notices', async () => {
      const next = provider === 'vertex-gemini' ? 'anthropic' : 'vertex-gemini';
      const { gateway } = await start(provider, [next]);
      await using _gateway = gateway;
      gateway.sandbox.control.enqueue(provider, { fault: { kind: 'status', status: 529 } });
      const { status, text, headers } = await post(
        `${gateway.url()}/v1/messages`,
        messagesBody({ messages: [{ role: 'user', content: 'sandbox: say all is well' }] }),
      );
      assert.equal(status, 200, text);
      assert.equal(headers.get('x-gateway-provider'), next);
      const { message } = validateAnthropicEvents(parseEventStream(text));
      assert.match(JSON.stringify(message), /all is well/);
    });
  });
}
