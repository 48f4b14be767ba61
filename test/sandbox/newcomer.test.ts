import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { startSandbox } from '../../sandbox/start.ts';
import { validateAnthropicEvents } from '../support/event-grammar.ts';
import { parseEventStream } from '../support/event-parser.ts';
import { call, callTarget, TARGETS, targetOf } from './call.ts';

interface Message {
  readonly content: readonly Record<string, unknown>[];
  readonly stop_reason: string;
}

const BASH = { name: 'Bash', input_schema: { type: 'object', properties: {} } };
const says = (content: unknown): unknown => ({ role: 'user', content });

async function ask(url: string, fields: Record<string, unknown>): Promise<Message> {
  const { status, text } = await callTarget(url, targetOf('anthropic'), {
    stream: false,
    ...fields,
  });
  assert.equal(status, 200, text);
  return JSON.parse(text);
}

function textOf({ content }: Message): string {
  return content.map(({ text }) => text ?? '').join('');
}

test('without a script the sandbox says what it is, what it read and how to connect a provider', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  for (const [target, label] of [
    [TARGETS[0], 'Anthropic'],
    [TARGETS[1], 'Claude on Vertex AI'],
    [TARGETS[2], 'OpenRouter'],
  ] as const) {
    assert.ok(target);
    const messages = [
      says([
        { type: 'text', text: '<system-reminder>never echo this</system-reminder>' },
        { type: 'text', text: 'What is the weather?' },
      ]),
    ];
    const { text } = await callTarget(sandbox.url, target, { messages, stream: false });
    const answer = textOf(JSON.parse(text));
    assert.match(answer, new RegExp(`sandbox of claude-code-multimodel, standing in for ${label}`));
    assert.match(answer, /You wrote: “What is the weather\?”/);
    assert.match(answer, /ANTHROPIC_API_KEY/);
    assert.doesNotMatch(answer, /never echo/);
  }
});

test('a tool directive runs a whole tool loop, with thinking that comes back unchanged', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const prompt = says('please\nsandbox: tool Bash {"command":"echo hi"}');
  const fields = { tools: [BASH], thinking: { type: 'adaptive' } };
  const first = await ask(sandbox.url, { ...fields, messages: [prompt] });
  assert.equal(first.stop_reason, 'tool_use');
  const call = first.content.find(({ type }) => type === 'tool_use');
  assert.deepEqual([call?.['name'], call?.['input']], ['Bash', { command: 'echo hi' }]);
  assert.equal(first.content[0]?.['type'], 'thinking');
  const result = { type: 'tool_result', tool_use_id: call?.['id'], content: 'hi\nthere' };
  const messages = [prompt, { role: 'assistant', content: first.content }, says([result])];
  const second = await ask(sandbox.url, { ...fields, messages });
  assert.equal(second.stop_reason, 'end_turn');
  assert.match(textOf(second), /The tool answered: “hi\nthere”/);
});

test('directives: say, tokens, several at once, and clear words for what is not understood', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const answerTo = async (content: string): Promise<string> =>
    textOf(await ask(sandbox.url, { messages: [says(content)], tools: [BASH] }));
  assert.equal(await answerTo('sandbox: say hello there'), 'hello there');
  assert.match(await answerTo('sandbox: tool Nope {}'), /Nope is not offered.*offered: Bash/);
  assert.match(await answerTo('sandbox: tool Bash {"command":}'), /is not JSON/);
  assert.match(await answerTo('sandbox: tokens many'), /tokens needs a number/);
  assert.match(await answerTo('sandbox: fault nonsense'), /no fault "nonsense"/);
  assert.match(await answerTo('sandbox: dance'), /"dance" is no directive/);
  const many = await callTarget(sandbox.url, targetOf('anthropic'), {
    messages: [says('sandbox: tokens 2000')],
    max_tokens: 5_000,
  });
  const { message } = validateAnthropicEvents(parseEventStream(many.body));
  assert.equal((message['usage'] as Record<string, unknown>)['output_tokens'], 2_000);
  const both = await ask(sandbox.url, {
    messages: [says('sandbox: say look\nsandbox: tool Bash {}')],
    tools: [BASH],
  });
  assert.deepEqual(
    both.content.map(({ type }) => type),
    ['text', 'tool_use'],
  );
});

test('a fault directive is played once, so that the next try gets through, or always', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const messages = [says('sandbox: fault overloaded')];
  const statuses: number[] = [];
  for (const provider of ['anthropic', 'openrouter', 'anthropic'] as const) {
    statuses.push((await callTarget(sandbox.url, targetOf(provider), { messages })).status);
  }
  assert.deepEqual(statuses, [529, 200, 200]);
  const longer = { messages: [...messages, says('Continue where you were.')] };
  assert.equal((await callTarget(sandbox.url, targetOf('anthropic'), longer)).status, 200);
  const elsewhere = { messages, metadata: { user_id: 'another conversation' } };
  assert.equal((await callTarget(sandbox.url, targetOf('anthropic'), elsewhere)).status, 529);
  for (let round = 0; round < 2; round += 1) {
    const again = { messages: [says('sandbox: fault cut always')] };
    assert.notEqual((await callTarget(sandbox.url, targetOf('anthropic'), again)).failure, null);
  }
});

test('structured output follows its schema; a title comes from the prompt', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const schema = {
    type: 'object',
    properties: {
      title: { type: 'string', maxLength: 30 },
      kind: { enum: ['a', 'b'] },
      tags: { type: 'array', items: { $ref: '#/$defs/tag' }, minItems: 2 },
      score: { type: 'integer', minimum: 3 },
      note: { anyOf: [{ type: 'null' }, { type: 'string' }] },
    },
    required: ['title'],
    $defs: { tag: { type: 'string', minLength: 3 } },
  };
  const messages = [says('<session>sandbox: fault cut\nFix the parser</session>')];
  const output_config = { format: { type: 'json_schema', schema } };
  const answer = JSON.parse(textOf(await ask(sandbox.url, { messages, output_config })));
  assert.equal(answer.title, 'sandbox: fault cut Fix the par');
  assert.deepEqual([answer.kind, answer.score, answer.note], ['a', 3, null]);
  assert.equal(answer.tags.length, 2);
});

test('count_tokens grows with the prompt and agrees with the answer’s usage', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const { headers } = targetOf('anthropic');
  const count = async (content: string): Promise<number> => {
    const body = JSON.stringify({ model: 'claude-opus-5-5', messages: [says(content)] });
    const { text } = await call(`${sandbox.url}/v1/messages/count_tokens`, body, { headers });
    return JSON.parse(text).input_tokens;
  };
  const long = 'word '.repeat(4_000);
  const tokens = await count(long);
  assert.ok(tokens > 4_500 && tokens < 5_500, `${tokens}`);
  assert.ok((await count('hi')) < 30);
  const message = await ask(sandbox.url, { messages: [says(long)] });
  assert.equal(
    (message as unknown as { usage: { input_tokens: number } }).usage.input_tokens,
    tokens,
  );
  const vertex = targetOf('vertex-claude');
  const path = vertex.path.replace('claude-opus-5-5:streamRawPredict', 'count-tokens:rawPredict');
  const body = { model: 'claude-opus-5-5', max_tokens: undefined, stream: undefined };
  const counted = await callTarget(
    sandbox.url,
    { ...vertex, path },
    { ...body, messages: [says(long)] },
  );
  assert.equal(JSON.parse(counted.text).input_tokens, tokens);
});

const RECORDED = path.join(import.meta.dirname, '../../../shared/fixtures/claude-code/2.1.330');

test('recorded requests of Claude Code are answered', {
  skip: existsSync(RECORDED) ? false : 'no recordings here',
}, async (t) => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  for (const file of [
    'simple/002-POST-v1_messages.json',
    'bash/003-POST-v1_messages.json',
    'bare/002-POST-v1_messages.json',
    'toolsearch/003-POST-v1_messages.json',
    'tui-basic/002-POST-v1_messages.json',
    'slash-context/002-POST-v1_messages_count_tokens.json',
    'model-claude-sonnet-4-5/002-POST-v1_messages.json',
  ]) {
    await t.test(
      file,
      { skip: existsSync(path.join(RECORDED, file)) ? false : 'no such recording' },
      async () => {
        const recorded = JSON.parse(readFileSync(path.join(RECORDED, file), 'utf8'));
        const body = JSON.stringify(recorded.body);
        const headers = { 'x-api-key': 'k', 'anthropic-version': '2023-06-01' };
        const result = await call(sandbox.url + recorded.path, body, { headers });
        assert.equal(result.status, 200, result.text.slice(0, 500));
        if (recorded.body.stream !== true) return;
        const { message } = validateAnthropicEvents(parseEventStream(result.body));
        if (file.startsWith('tui-basic')) {
          const [block] = message['content'] as { text: string }[];
          assert.equal(typeof JSON.parse(block?.text ?? '').title, 'string');
        }
      },
    );
  }
});
