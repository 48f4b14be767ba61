import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { parseEventStream } from '../support/event-parser.ts';
import { type CallResult, call, callTarget, targetOf } from './call.ts';
import { chatLoop, chatTool, deltasOf, foldChat, type Json, pick } from './chat-fold.ts';
import { NO_RECORDINGS, recordings } from './recorded.ts';

const HEADERS = { authorization: 'Bearer sk-or-test' };
const MODEL = 'anthropic/claude-opus-5.5';
const bodyOf = (fields: Json = {}): string =>
  JSON.stringify({
    model: MODEL,
    max_tokens: 1_000,
    stream: true,
    messages: [{ role: 'user', content: 'Hello there' }],
    ...fields,
  });
const ask = ({ url }: Sandbox, fields: Json = {}): Promise<CallResult> =>
  call(`${url}/api/v1/chat/completions`, bodyOf(fields), { headers: HEADERS });

test('a stream has what OpenRouter adds: comments, provider, native reasons, cost', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const { headers, text } = await ask(sandbox);
  assert.match(text, /^: OPENROUTER PROCESSING\n\n/);
  assert.match(String(headers['x-generation-id']), /^gen-/);
  const { chunks, isDone, finishes, usage } = foldChat(text);
  assert.ok(isDone);
  for (const chunk of chunks) {
    assert.equal(chunk['provider'], 'Amazon Bedrock');
    assert.equal(pick(chunk, 'choices', 0, 'delta', 'role'), 'assistant');
  }
  // The chunk with the usage has the last choice once more.
  assert.deepEqual(finishes, ['stop', 'stop']);
  assert.equal(pick(chunks.at(-1), 'choices', 0, 'native_finish_reason'), 'end_turn');
  assert.equal(typeof usage?.['cost'], 'number');
  assert.equal(pick(usage, 'cost_details', 'upstream_inference_cost'), usage?.['cost']);
  const entry = sandbox.control.truth().entries[0];
  assert.equal(entry?.tokensSent, usage?.['completion_tokens']);
});

test('thoughts come in details whose signature comes last, and go back with the call they led to', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const user = { role: 'user', content: 'sandbox: tool Bash {"command":"echo hi"}' };
  const fields = { tools: [chatTool('Bash')], reasoning: { max_tokens: 2_000 } };
  const folded = foldChat((await ask(sandbox, { ...fields, messages: [user] })).text);
  const details = deltasOf(folded).flatMap((delta) => {
    const [detail] = (delta['reasoning_details'] ?? []) as Json[];
    return detail === undefined ? [] : [detail];
  });
  const signature = details.at(-1)?.['signature'];
  assert.equal(details.filter((one) => one['signature'] !== undefined).length, 1);
  assert.equal(details.at(-1)?.['text'], undefined);
  const text = details.map((one) => one['text'] ?? '').join('');
  assert.equal(text, folded.reasoning);
  assert.match(folded.calls[0]?.id ?? '', /^toolu_bdrk_01/);
  const again = (signed: unknown): Promise<CallResult> => {
    const [called, result] = chatLoop(folded.calls[0]?.id ?? '');
    const detail = { type: 'reasoning.text', text, signature: signed, index: 0 };
    const assistant = { ...called, reasoning_details: [detail] };
    return ask(sandbox, { ...fields, messages: [user, assistant, result] });
  };
  assert.equal(foldChat((await again(signature)).text).content, 'The tool answered: “hi”');
  const { status, text: refused } = await again('c2lnbmVkIGJ5IG5vYm9keQ==x');
  const { error } = JSON.parse(refused);
  assert.deepEqual([status, error.message], [400, 'Provider returned error']);
  assert.match(error.metadata.raw, /Invalid `signature` in `thinking` block/);
});

test('thoughts can be left out or turned off', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  for (const [reasoning, isCounted] of [
    [{ effort: 'high', exclude: true }, true],
    [{ enabled: false }, false],
  ] as const) {
    const { reasoning: shown, usage } = foldChat((await ask(sandbox, { reasoning })).text);
    assert.equal(shown, '');
    const tokens = Number(pick(usage, 'completion_tokens_details', 'reasoning_tokens'));
    assert.equal(tokens > 0, isCounted);
  }
  const both = await ask(sandbox, { reasoning: { effort: 'high', max_tokens: 2_000 } });
  assert.match(both.text, /^\{"error":\{"message":"Only one of/);
});

test('an error inside a stream is a chunk with status 200 that finishes with `error`', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  sandbox.control.enqueue('openrouter', { preset: 'error-after-text' });
  const { status, text } = await ask(sandbox);
  const { chunks, isDone, finishes } = foldChat(text);
  assert.deepEqual([status, isDone, finishes], [200, true, ['error']]);
  assert.deepEqual(chunks.at(-1)?.['error'], { code: 502, message: 'Overloaded' });
});

test('marked prompts are written to the cache, then read from it', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const marked = { type: 'text', text: 'x'.repeat(20_000), cache_control: { type: 'ephemeral' } };
  const messages = [
    { role: 'system', content: [marked] },
    { role: 'user', content: 'hi' },
  ];
  const counts = async (): Promise<readonly number[]> => {
    const { usage } = foldChat((await ask(sandbox, { messages })).text);
    const details = pick(usage, 'prompt_tokens_details');
    return [Number(pick(details, 'cached_tokens')), Number(pick(details, 'cache_write_tokens'))];
  };
  const [, written = 0] = await counts();
  assert.ok(written > 5_000);
  assert.deepEqual(await counts(), [written, 0]);
});

test('the list of models tells prices as text per token, limits and parameters', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const { text } = await call(`${sandbox.url}/api/v1/models`, null, { headers: HEADERS });
  const { data } = JSON.parse(text) as { data: Json[] };
  for (const model of data) {
    assert.equal(typeof pick(model, 'pricing', 'prompt'), 'string');
    assert.ok(Number(model['context_length']) > 0);
    assert.ok(pick(model, 'top_provider'));
    assert.ok((model['supported_parameters'] as string[]).includes('tools'));
  }
  const opus = data.find(({ id }) => id === MODEL);
  assert.equal(pick(opus, 'pricing', 'prompt'), '0.000005');
  assert.equal(pick(opus, 'pricing', 'completion'), '0.000025');
  const auto = data.find(({ id }) => id === 'openrouter/auto');
  assert.equal(pick(auto, 'pricing', 'prompt'), '-1');
  const free = data.find(({ id }) => String(id).endsWith(':free'));
  assert.equal(pick(free, 'pricing', 'prompt'), '0');
});

test('refusals are in the words of OpenRouter', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const refused = async (fields: Json): Promise<readonly unknown[]> => {
    const { status, text } = await ask(sandbox, fields);
    return [status, pick(JSON.parse(text), 'error', 'message')];
  };
  assert.deepEqual(await refused({ model: 'gpt' }), [400, 'gpt is not a valid model ID']);
  assert.deepEqual(await refused({ model: 'a/does-not-exist' }), [
    404,
    'No endpoints found for a/does-not-exist.',
  ]);
  const long = {
    model: 'anthropic/claude-haiku-5.5',
    messages: [{ role: 'user', content: 'x'.repeat(900_000) }],
  };
  const { status, text } = await ask(sandbox, long);
  const { error } = JSON.parse(text);
  assert.deepEqual([status, error.code], [400, 400]);
  assert.match(
    error.message,
    /^This endpoint's maximum context length is 200000 tokens\. However, you requested about \d+ tokens/,
  );
  assert.equal(error.metadata.error_type, 'context_length_exceeded');
  const without = await call(`${sandbox.url}/api/v1/chat/completions`, bodyOf());
  assert.deepEqual(
    [without.status, without.text],
    [401, '{"error":{"message":"Missing Authentication header","code":401}}'],
  );
});

test('one behaviour serves both wires of the provider, one request each', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  sandbox.control.setBehaviour('openrouter', { answer: 'one and the same' });
  assert.equal(foldChat((await ask(sandbox)).text).content, 'one and the same');
  const messages = await callTarget(sandbox.url, targetOf('openrouter'));
  const text = parseEventStream(messages.body)
    .map(({ data }) => pick(JSON.parse(data), 'delta', 'text') ?? '')
    .join('');
  assert.equal(text, 'one and the same');
  assert.equal(sandbox.control.truth().totals.openrouter?.requests, 2);
});

test('what others sent to OpenRouter and it took is taken', { skip: NO_RECORDINGS }, async (t) => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const accepted = recordings('openrouter').filter(({ status }) => status === 200);
  assert.ok(accepted.length > 3);
  for (const { name, url, request } of accepted) {
    await t.test(name, async () => {
      const { pathname } = new URL(url);
      const { status, text } = await call(sandbox.url + pathname, request, { headers: HEADERS });
      assert.equal(status, 200, text);
    });
  }
});
