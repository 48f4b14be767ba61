import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QUIRKS, type Quirk } from '../../sandbox/quirks.ts';
import { startSandbox } from '../../sandbox/start.ts';
import { call } from './call.ts';
import { ask, says, thoughtful } from './chat-call.ts';
import { chatTool, deltasOf, type FoldedChat, foldChat, type Json, pick } from './chat-fold.ts';

const callDeltas = (folded: FoldedChat): Json[][] =>
  deltasOf(folded).flatMap(({ tool_calls: calls }) =>
    calls === undefined ? [] : [calls as Json[]],
  );
const finishOf = ({ chunks }: FoldedChat, index: number): unknown =>
  pick(chunks.at(index), 'choices', 0, 'finish_reason');
const parses = (text: string): FoldedChat => foldChat(text);

/** What each oddity looks like; those of Gemini have no effect here. */
const ODDITIES: Partial<Record<Quirk, (text: string) => void>> = {
  'no-done': (text) => assert.ok(!parses(text).isDone && parses(text).finishes.length === 1),
  'tool-index-missing': (text) => assert.doesNotMatch(text, /"tool_calls":\[\{"index"/),
  'tool-index-from-one': (text) => assert.deepEqual(Object.keys(parses(text).calls), ['1', '2']),
  'tool-index-same': (text) => {
    const ids = callDeltas(parses(text)).flatMap(([one]) => one?.['id'] ?? []);
    assert.equal(new Set(ids).size, 2);
    assert.equal(parses(text).calls.length, 1);
  },
  'tool-id-missing': (text) => assert.doesNotMatch(text, /"id":"call_/),
  'tool-fields-repeated': (text) => {
    assert.match(text, /"id":"","type":"function","function":\{"name":"","arguments"/);
    assert.equal(parses(text).calls.length, 2);
  },
  'tool-calls-whole': (text) => {
    const [all, ...more] = callDeltas(parses(text));
    assert.deepEqual([all?.length, more.length], [2, 0]);
    assert.deepEqual(
      parses(text).calls.map((one) => one.arguments),
      ['{"command":"echo one"}', '{"command":"echo two"}'],
    );
  },
  'tool-calls-interleaved': (text) => {
    const order = callDeltas(parses(text)).map(([one]) => one?.['index']);
    assert.deepEqual(order.slice(0, 4), [0, 1, 0, 1]);
    assert.deepEqual(
      parses(text).calls.map((one) => one.arguments),
      ['{"command":"echo one"}', '{"command":"echo two"}'],
    );
  },
  'tool-arguments-object': (text) => assert.match(text, /"arguments":\{"command":"echo one"\}/),
  'finish-stop': (text) => assert.deepEqual(parses(text).finishes, ['stop']),
  'finish-repeated': (text) =>
    assert.deepEqual(parses(text).finishes, ['tool_calls', 'tool_calls']),
  'finish-empty': (text) => assert.equal(finishOf(parses(text), 0), ''),
  'finish-omitted': (text) => assert.equal(finishOf(parses(text), 0), undefined),
  'role-missing': (text) => assert.doesNotMatch(text, /"role"/),
  'role-repeated': (text) =>
    assert.ok(deltasOf(parses(text)).every(({ role }) => role === 'assistant')),
  'usage-on-finish': (text) => {
    const last = parses(text).chunks.at(-1);
    assert.equal(finishOf(parses(text), -1), 'tool_calls');
    assert.ok(pick(last, 'usage', 'prompt_tokens'));
  },
  'usage-x-groq': (text) => {
    assert.ok(pick(parses(text).chunks.at(-1), 'x_groq', 'usage', 'prompt_tokens'));
    assert.equal(parses(text).usage, null);
  },
  'reasoning-field': (text) => assert.match(text, /"reasoning":"I sh"/),
  'reasoning-content-field': (text) =>
    assert.equal(parses(text).reasoning, 'I should think about it.'),
  'reasoning-think-tags': (text) =>
    assert.equal(parses(text).content, '<think>\nI should think about it.\n</think>\n\nTwo calls.'),
  'reasoning-parts': (text) =>
    assert.match(
      text,
      /"content":\[\{"type":"thinking","thinking":\[\{"type":"text","text":"I sh"\}\]\}\]/,
    ),
};
const GEMINI_OR_ERROR =
  /^(?:prompt-blocked|finish-malformed-call|content-empty|call|partial|traffic|error)/;

test('every oddity of real servers can be had, by the control and by a line in the prompt', async (t) => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const names = Object.keys(QUIRKS) as Quirk[];
  for (const name of names.filter((one) => !GEMINI_OR_ERROR.test(one))) {
    await t.test(name, async () => {
      const look = ODDITIES[name];
      assert.ok(look, `nothing looks at ${name}`);
      sandbox.control.enqueue('openai-compatible', { ...thoughtful, quirks: [name] });
      look((await ask(sandbox, { tools: [chatTool('Bash')] })).text);
      sandbox.control.enqueue('openai-compatible', thoughtful);
      look((await ask(sandbox, says(`sandbox: quirk ${name}`))).text);
    });
  }
  const listed = await call(`${sandbox.url}/_sandbox/quirks`, null);
  assert.deepEqual(JSON.parse(listed.text), QUIRKS);
  const { content } = foldChat((await ask(sandbox, says('sandbox: quirk what'))).text);
  assert.match(content, /there is no quirk "what"/);
});
