import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSandbox } from '../../sandbox/start.ts';
import { call } from './call.ts';
import { AUTHORIZATION, ask, bodyOf, PATHS, says } from './chat-call.ts';
import { chatLoop, foldChat, type Json, pick } from './chat-fold.ts';
import { CHAT_REFUSED } from './chat-refused.ts';
import { NO_RECORDINGS, recordings } from './recorded.ts';

for (const provider of ['openai-compatible', 'github-models'] as const) {
  test(`${provider}: an agent's loop runs over this wire`, async () => {
    await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
    const first = says(
      '<system-reminder>be brief</system-reminder>',
      'sandbox: tool Bash {"command":"echo hi"}',
    );
    const called = foldChat((await ask(sandbox, first, provider)).text);
    assert.ok(called.isDone);
    assert.deepEqual(called.finishes, ['tool_calls']);
    assert.equal(called.calls.length, 1);
    const [{ id = '', name, arguments: json } = { name: '', arguments: '' }] = called.calls;
    assert.match(id, /^call_\w{22}$/);
    assert.deepEqual([name, JSON.parse(json)], ['Bash', { command: 'echo hi' }]);
    const [user] = first['messages'] as Json[];
    const second = { ...first, messages: [user, ...chatLoop(id, 'hi')] };
    const answered = foldChat((await ask(sandbox, second, provider)).text);
    assert.equal(answered.content, 'The tool answered: “hi”');
    assert.deepEqual(answered.finishes, ['stop']);
    const record = sandbox.control.requests.at(-1);
    assert.deepEqual([record?.provider, record?.model], [provider, 'gpt-4.1']);
    assert.equal(record?.tokensSent, answered.usage?.['completion_tokens']);
    assert.equal(
      (record?.input?.inputTokens ?? 0) + (record?.input?.cacheReadTokens ?? 0),
      answered.usage?.['prompt_tokens'],
    );
  });

  test(`${provider}: an answer that is not streamed says the same`, async () => {
    await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
    const fields = {
      ...says('sandbox: say yes', 'sandbox: tool Bash'),
      stream: false,
      stream_options: undefined,
    };
    const { choices, usage, object } = JSON.parse((await ask(sandbox, fields, provider)).text);
    const [{ message, finish_reason: finish }] = choices;
    assert.deepEqual([object, message.content, finish], ['chat.completion', 'yes', 'tool_calls']);
    assert.deepEqual(message.tool_calls[0].function, { name: 'Bash', arguments: '{}' });
    assert.ok(usage.prompt_tokens > 0);
  });
}

test('usage comes in a chunk without choices, and only to those who ask', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const told = foldChat((await ask(sandbox)).text);
  assert.deepEqual(told.chunks.at(-1)?.['choices'], []);
  assert.equal(told.chunks.filter(({ usage }) => usage === null).length, told.chunks.length - 1);
  const silent = foldChat((await ask(sandbox, { stream_options: undefined })).text);
  assert.equal(silent.usage, null);
  assert.ok(silent.isDone);
});

test('a prompt that was seen before is read from the cache', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const messages = [{ role: 'user', content: 'x'.repeat(20_000) }];
  const cached = async (): Promise<unknown> => {
    const { usage } = foldChat((await ask(sandbox, { messages })).text);
    return pick(usage, 'prompt_tokens_details', 'cached_tokens');
  };
  assert.equal(await cached(), 0);
  assert.ok(Number(await cached()) > 5_000);
});

test('Azure puts filter results around its chunks', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const { headers, text } = await ask(sandbox, {}, 'github-models');
  const { chunks } = foldChat(text);
  assert.deepEqual([chunks[0]?.['choices'], chunks[0]?.['id']], [[], '']);
  assert.ok(chunks[0]?.['prompt_filter_results']);
  assert.ok(pick(chunks[2], 'choices', 0, 'content_filter_results'));
  for (const name of ['limit', 'remaining', 'reset', 'renewalperiod']) {
    for (const what of ['requests', 'tokens']) {
      assert.match(String(headers[`x-ratelimit-${name}-${what}`]), /^\d+$/);
    }
  }
  assert.match(String(headers['apim-request-id']), /^apim-/);
});

test('chat servers refuse what the true ones refuse, in their words', async (t) => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  for (const [fields, words, param] of CHAT_REFUSED) {
    await t.test(String(words), async () => {
      const { status, text } = await ask(sandbox, fields);
      const { error } = JSON.parse(text);
      assert.equal(status, 400, text);
      assert.match(error.message, words);
      assert.equal(error.type, 'invalid_request_error');
      if (param !== undefined) assert.equal(error.param, param);
    });
  }
});

test('a prompt past the context is refused in the words of each server', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const fields = { model: 'llama3.3', messages: [{ role: 'user', content: 'x'.repeat(600_000) }] };
  const openai = JSON.parse((await ask(sandbox, fields)).text).error;
  assert.match(
    openai.message,
    /^This model's maximum context length is 131072 tokens\. However, you requested \d+ tokens \(\d+ in the messages, 1000 in the completion\)/,
  );
  assert.equal(openai.code, 'context_length_exceeded');
  const github = await ask(sandbox, fields, 'github-models');
  assert.equal(github.status, 413);
  assert.equal(JSON.parse(github.text).error.code, 'tokens_limit_reached');
  const azure = await call(`${sandbox.url}/models/chat/completions`, bodyOf(fields), {
    headers: { 'api-key': 'k' },
  });
  assert.deepEqual(
    [azure.status, JSON.parse(azure.text).error.code],
    [400, 'context_length_exceeded'],
  );
});

test('credentials and models that do not exist are refused', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const without = await call(sandbox.url + PATHS['openai-compatible'], bodyOf());
  assert.equal(without.status, 401);
  assert.match(without.text, /You didn't provide an API key/);
  const azure = await call(sandbox.url + PATHS['github-models'], bodyOf(), {
    headers: { authorization: 'Bearer invalid' },
  });
  assert.deepEqual([azure.status, JSON.parse(azure.text).error.code], [401, '401']);
  for (const model of ['claude-opus-5-5', 'gpt-does-not-exist']) {
    const openai = await ask(sandbox, { model });
    assert.deepEqual([openai.status, JSON.parse(openai.text).error.code], [404, 'model_not_found']);
    const github = await ask(sandbox, { model }, 'github-models');
    assert.deepEqual([github.status, JSON.parse(github.text).error.code], [404, 'unknown_model']);
  }
});

test('over the limit: the words and headers of each server say how long to wait', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0, nowMs: () => 0 });
  for (const provider of ['openai-compatible', 'github-models'] as const) {
    sandbox.control.setBehaviour(provider, { limits: { requestsPerMinute: 1 } });
    assert.equal((await ask(sandbox, {}, provider)).status, 200);
    const { status, headers, text } = await ask(sandbox, {}, provider);
    const { error } = JSON.parse(text);
    assert.deepEqual([status, headers['retry-after']], [429, '60']);
    if (provider === 'github-models') {
      assert.equal(error.code, 'RateLimitReached');
      assert.match(
        error.message,
        /^Rate limit of 1 per 60s exceeded for UserByModelByMinute\. Please wait 60 seconds/,
      );
      assert.equal(headers['x-ratelimit-timeremaining'], '60');
      assert.equal(headers['retry-after-ms'], '0');
    } else {
      assert.match(error.message, /Please try again in 1m0s/);
      assert.deepEqual(
        [headers['x-ratelimit-remaining-requests'], headers['x-ratelimit-reset-requests']],
        ['0', '1m0s'],
      );
    }
  }
});

test('one path has two lists of models: the headers tell whose is meant', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const list = async (path: string, headers: Record<string, string>): Promise<Json> =>
    JSON.parse((await call(sandbox.url + path, null, { headers })).text);
  const openai = await list('/v1/models', AUTHORIZATION);
  assert.equal(openai['object'], 'list');
  assert.ok(
    (openai['data'] as Json[]).every(({ id, max_model_len: length }) => id && Number(length) > 0),
  );
  const anthropic = await list('/v1/models', {
    ...AUTHORIZATION,
    'anthropic-version': '2023-06-01',
  });
  assert.equal(anthropic['has_more'], false);
  assert.equal((await list('/models/qwen3:32b', AUTHORIZATION))['id'], 'qwen3:32b');
  const catalog = await list('/catalog/models', AUTHORIZATION);
  assert.ok(Array.isArray(catalog));
});

test('errors can have the shapes of other servers', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  for (const [shape, seen] of [
    [
      'openai',
      /^\{"error":\{"message":"The engine .*","type":"server_error","param":null,"code":null\}\}$/,
    ],
    ['azure', /^\{"error":\{"code":"ServiceUnavailable","message":".*","details":".*"\}\}$/],
    ['bare-string', /^\{"error":"Service unavailable"\}$/],
    ['detail', /^\{"detail":"Service unavailable"\}$/],
    ['plain-text', /^Service unavailable\n$/],
    ['html', /^<html>/],
  ] as const) {
    sandbox.control.enqueue('openai-compatible', { fault: { kind: 'status', status: 503, shape } });
    const { status, text } = await ask(sandbox);
    assert.equal(status, 503);
    assert.match(text, seen);
  }
});

test('what others sent and true servers took is taken', { skip: NO_RECORDINGS }, async (t) => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  let count = 0;
  for (const folder of ['openai-compatible', 'github-models']) {
    for (const { name, url, status, request } of recordings(folder)) {
      if (status !== 200) continue;
      count += 1;
      await t.test(name, async () => {
        const { pathname } = new URL(url.replace(/^<[^>]*>/, 'http://server/v1'));
        const result = await call(sandbox.url + pathname, request, { headers: AUTHORIZATION });
        assert.equal(result.status, 200, result.text);
      });
    }
  }
  assert.ok(count > 5);
});
