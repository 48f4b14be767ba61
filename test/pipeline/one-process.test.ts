/** Roles that share a process hand each other objects instead of bytes: clients must not see a difference. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BehaviourInput } from '../../sandbox/behaviour.ts';
import { PROVIDER_IDS, type ProviderId } from '../../schemas/provider.ts';
import { messagesBody, post, startTestGateway, type TestGateway } from '../support/gateway.ts';

const CASES: readonly {
  readonly name: string;
  readonly path?: string;
  readonly body: Record<string, unknown>;
  readonly behaviour?: BehaviourInput;
}[] = [
  { name: 'an answer', body: { stream: false } },
  { name: 'a stream', body: { messages: [{ role: 'user', content: 'sandbox: tokens 300' }] } },
  { name: 'a refusal', body: { stream: false, max_tokens: -1 } },
  {
    name: 'another provider after a failure',
    body: {},
    behaviour: { fault: { kind: 'status', status: 500 } },
  },
  { name: 'a token count', path: '/v1/messages/count_tokens', body: { stream: undefined } },
  {
    name: 'a body too large to travel along',
    body: { stream: false, system: 'x'.repeat(1_500_000) },
  },
];

/** What the client sees, without what differs each time. */
function seen({ status, headers, text }: Awaited<ReturnType<typeof post>>): unknown {
  const kept = [...headers].filter(([name]) => !/^(date|request-id|.*-reset)$/.test(name));
  const sameIds = text.replace(/\b(msg|req|gen|chatcmpl|toolu)[_-][\w-]+/g, '$1');
  return { status, names: kept.map(([name]) => name), text: sameIds.replace(/ \(.*?\)/g, '') };
}

async function answersOf(gateway: TestGateway, chain: readonly ProviderId[]): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const { path = '/v1/messages', body, behaviour } of CASES) {
    const [first] = chain;
    if (behaviour !== undefined && first !== undefined) {
      gateway.sandbox.control.enqueue(first, behaviour);
    }
    const whole = messagesBody({ model: MODELS[first ?? ''] ?? 'claude-sonnet-5-5', ...body });
    answers.push(seen(await post(`${gateway.url()}${path}`, whole)));
  }
  return answers;
}

const MODELS: Readonly<Record<string, string>> = {
  openrouter: 'google/gemini-3.1-pro-preview',
  'github-models': 'gpt-4.1',
  'openai-compatible': 'gpt-4.1',
};

for (const provider of PROVIDER_IDS) {
  const chain = [provider, provider === 'anthropic' ? 'vertex-claude' : 'anthropic'] as const;
  test(`${provider}: one process answers as processes of their own do`, async () => {
    const environment = { PROVIDER_CHAIN: chain.join(','), BIG_MODEL: '' };
    await using together = await startTestGateway({ environment, isOneProcess: true });
    await using apart = await startTestGateway({ environment });
    const [here, there] = [await answersOf(together, chain), await answersOf(apart, chain)];
    for (const [index, { name }] of CASES.entries()) {
      assert.deepEqual(here[index], there[index], name);
    }
    const outcomes = async (gateway: TestGateway) =>
      (await gateway.usageEvents()).map(({ outcome, usage, provider: by }) => ({
        outcome,
        usage,
        by,
      }));
    assert.deepEqual(await outcomes(together), await outcomes(apart));
  });
}
