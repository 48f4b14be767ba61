import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BehaviourSpec } from '../../sandbox/control.ts';
import { startSandbox } from '../../sandbox/start.ts';
import { validateAnthropicEvents } from '../support/event-grammar.ts';
import { parseEventStream } from '../support/event-parser.ts';
import { call, callTarget, TARGETS } from './call.ts';

const TOOL = { name: 'Bash', input_schema: { type: 'object', properties: {} } };
const CASES: Readonly<
  Record<string, { behaviour?: BehaviourSpec; fields?: Record<string, unknown> }>
> = {
  'the default answer': {},
  'adaptive thinking': { fields: { thinking: { type: 'adaptive' } } },
  'omitted thinking': { fields: { thinking: { type: 'adaptive', display: 'omitted' } } },
  'a scripted text': { behaviour: { answer: 'Grüße, 世界 🙂 — done' } },
  'scripted blocks': {
    behaviour: {
      answer: [
        { type: 'thinking', thinking: 'let me see' },
        { type: 'redacted_thinking', data: 'b3BhcXVl' },
        { type: 'text', text: 'Two calls.' },
        { type: 'tool_use', name: 'Bash', input: { command: 'echo "hi"\n' } },
        { type: 'tool_use', name: 'Now', input: {} },
      ],
    },
    fields: { tools: [TOOL] },
  },
  'two hundred chunks': { behaviour: { outputTokens: 200 } },
  'a paced answer': { behaviour: { outputTokens: 20, tokensPerSecond: 2_000 } },
  'a late first token': { behaviour: { firstByteMs: 5, firstContentMs: 5, outputTokens: 3 } },
  'an answer at its token limit': { behaviour: { outputTokens: 50 }, fields: { max_tokens: 10 } },
  'a stop sequence': {
    behaviour: { answer: 'one two three' },
    fields: { stop_sequences: ['two'] },
  },
  'CRLF line ends': { behaviour: { preset: 'crlf' } },
  'CR line ends': { behaviour: { preset: 'bare-cr' } },
  'comments and extra fields': { behaviour: { preset: 'comments' } },
  'a write per byte': { behaviour: { preset: 'one-byte-writes', answer: 'Grüße' } },
  'a ping storm': { behaviour: { preset: 'ping-storm', outputTokens: 5 } },
  'padded data': { behaviour: { preset: 'padded' } },
};

for (const target of TARGETS) {
  for (const [name, { behaviour = {}, fields = {} }] of Object.entries(CASES)) {
    test(`${target.provider} streams and returns the same message: ${name}`, async () => {
      await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
      sandbox.control.setBehaviour(target.provider, behaviour);
      const streamed = await callTarget(sandbox.url, target, fields);
      assert.equal(streamed.status, 200, streamed.text);
      assert.match(String(streamed.headers['content-type']), /^text\/event-stream/);
      const folded = validateAnthropicEvents(parseEventStream(streamed.body));
      sandbox.control.reset();
      sandbox.control.setBehaviour(target.provider, behaviour);
      const whole = await callTarget(sandbox.url, target, { ...fields, stream: false });
      assert.match(String(whole.headers['content-type']), /^application\/json/);
      const message = JSON.parse(whole.text);
      const ids = /"(?:id|signature)":"[^"]*"/g;
      assert.equal(
        JSON.stringify(folded.message['content']).replace(ids, ''),
        JSON.stringify(message.content).replace(ids, ''),
      );
      assert.equal(folded.message['stop_reason'], message.stop_reason);
      assert.deepEqual(folded.message['usage'], message.usage);
      const [record] = sandbox.control.requests;
      assert.equal(record?.tokensSent, message.usage.output_tokens);
    });
  }
}

test('scripts decide the stop reason', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const [target] = TARGETS;
  assert.ok(target);
  const ask = async (behaviour: BehaviourSpec, fields = {}): Promise<unknown[]> => {
    sandbox.control.enqueue(target.provider, behaviour);
    const { text } = await callTarget(sandbox.url, target, { stream: false, ...fields });
    const message = JSON.parse(text);
    return [message.stop_reason, message.stop_sequence, message.usage.output_tokens];
  };
  assert.deepEqual(await ask({ outputTokens: 7 }), ['end_turn', null, 7]);
  assert.deepEqual(await ask({ outputTokens: 7 }, { max_tokens: 5 }), ['max_tokens', null, 5]);
  assert.deepEqual(await ask({ answer: 'a END b' }, { stop_sequences: ['END'] }), [
    'stop_sequence',
    'END',
    1,
  ]);
  assert.deepEqual(await ask({ outputTokens: 1, stopReason: 'refusal' }), ['refusal', null, 1]);
  const used = await ask({ answer: 'x', usage: { output_tokens: 99 } });
  assert.deepEqual(used, ['end_turn', null, 99]);
});

test('OpenRouter says what an answer cost and names the generation', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const target = TARGETS[2];
  assert.ok(target);
  sandbox.control.setBehaviour('openrouter', { outputTokens: 1_000 });
  const { text, headers } = await callTarget(sandbox.url, target, { stream: false });
  const { usage } = JSON.parse(text);
  assert.equal(usage.cost, (usage.input_tokens * 5 + 1_000 * 25) / 1_000_000);
  assert.match(String(headers['x-generation-id']), /^gen-/);
});

test('Vertex AI names the model without its date mark and uses its own ids', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const path =
    '/v1/projects/p/locations/global/publishers/anthropic/models/claude-haiku-4-5%4020251001:rawPredict';
  const target = TARGETS[1];
  assert.ok(target);
  const { text, headers } = await callTarget(sandbox.url, { ...target, path }, { stream: false });
  const message = JSON.parse(text);
  assert.equal(message.model, 'claude-haiku-4-5-20251001');
  assert.match(message.id, /^msg_vrtx_/);
  assert.match(String(headers['request-id']), /^req_vrtx_/);
});

test('prompt caching counts a prefix once as written and then as read', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const [target] = TARGETS;
  assert.ok(target);
  const system = [
    { type: 'text', text: 'rules '.repeat(2_000), cache_control: { type: 'ephemeral', ttl: '1h' } },
  ];
  const ask = async (content: unknown): Promise<Record<string, number>> => {
    const fields = { system, stream: false, messages: [{ role: 'user', content }] };
    return JSON.parse((await callTarget(sandbox.url, target, fields)).text).usage;
  };
  const first = await ask('one');
  assert.ok((first['cache_creation_input_tokens'] ?? 0) > 2_500);
  assert.equal(first['cache_read_input_tokens'], 0);
  const marked = { type: 'text', text: 'two', cache_control: { type: 'ephemeral' } };
  const second = await ask([marked]);
  assert.equal(second['cache_read_input_tokens'], first['cache_creation_input_tokens']);
  assert.ok((second['cache_creation_input_tokens'] ?? 0) > 0);
  const third = await ask([{ ...marked, text: 'three' }]);
  assert.equal(third['cache_read_input_tokens'], first['cache_creation_input_tokens']);
});

test('GET /v1/models pages and retrieves', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const headers = TARGETS[0]?.headers ?? {};
  const get = async (path: string): Promise<{ status: number; json: Record<string, unknown> }> => {
    const { status, text } = await call(sandbox.url + path, null, { headers });
    return { status, json: JSON.parse(text) };
  };
  const { json: page } = await get('/v1/models?limit=2');
  assert.equal(page['has_more'], true);
  const { json: next } = await get(`/v1/models?limit=1000&after_id=${page['last_id']}`);
  assert.equal(next['has_more'], false);
  assert.notEqual(next['first_id'], page['last_id']);
  const { json: back } = await get(`/v1/models?limit=2&before_id=${next['first_id']}`);
  assert.deepEqual(back['data'], page['data']);
  assert.equal((await get(`/v1/models/${page['first_id']}`)).json['id'], page['first_id']);
  const missing = await get('/v1/models/claude-none-1');
  assert.equal(missing.status, 404);
  assert.deepEqual(missing.json['error'], {
    type: 'not_found_error',
    message: 'model: claude-none-1',
  });
});
