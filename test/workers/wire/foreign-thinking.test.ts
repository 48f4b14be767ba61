import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sealSignature } from '../../../workers/translation/signature.ts';
import { withoutForeignThinking } from '../../../workers/wire/anthropic-messages/foreign-thinking.ts';
import { workOf } from '../support/attempt.ts';

const OURS = sealSignature({ provider: 'vertex-gemini', model: 'gemini-3', state: {} });
const CALL = { type: 'tool_use', id: 'toolu_1', name: 'Bash', input: { n: 1 } };
const RESULT = {
  role: 'user',
  content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'x' }],
};

function edited(body: object) {
  const { work, warnings } = withoutForeignThinking(workOf(JSON.stringify(body)));
  return { body: JSON.parse(Buffer.from(work.body).toString()), warnings, work };
}

function thinking(signature: string) {
  return { type: 'thinking', thinking: 'hm', signature };
}

test('a request with Claude’s own reasoning is the same object', () => {
  const work = workOf(
    JSON.stringify({
      model: 'm',
      messages: [{ role: 'assistant', content: [thinking('EqQBCgIYAhIM'), CALL] }, RESULT],
    }),
  );
  assert.equal(withoutForeignThinking(work).work, work);
});

test('reasoning that others made goes, and messages of nothing else with it', () => {
  const { body, warnings, work } = edited({
    model: 'm',
    thinking: { type: 'adaptive' },
    messages: [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: [thinking(OURS)] },
      { role: 'user', content: 'b' },
      { role: 'assistant', content: [thinking(''), thinking('EqQBCgIYAhIM'), CALL] },
      RESULT,
    ],
    x: 1,
  });
  assert.deepEqual(
    body.messages.map(({ content }: { content: unknown[] }) => content.length),
    [1, 1, 2, 1],
  );
  assert.deepEqual(body.messages[2].content, [thinking('EqQBCgIYAhIM'), CALL]);
  assert.equal(body.x, 1);
  assert.deepEqual(warnings, []);
  const { fields } = work.dispatch;
  const x = fields.find(({ name }) => name === 'x');
  assert.equal(Buffer.from(work.body).toString('utf8', x?.valueStart, x?.valueEnd), '1');
});

test('a tool loop that another model began goes on without thinking where it must be there', () => {
  const messages = [
    { role: 'user', content: 'a' },
    { role: 'assistant', content: [thinking(OURS), CALL] },
    RESULT,
  ];
  const enabled = edited({
    model: 'm',
    thinking: { type: 'enabled', budget_tokens: 2_000 },
    messages,
  });
  assert.deepEqual(enabled.body.thinking, { type: 'disabled' });
  assert.equal(enabled.warnings.length, 1);
  const adaptive = edited({ model: 'm', thinking: { type: 'adaptive' }, messages });
  assert.deepEqual(adaptive.body.thinking, { type: 'adaptive' });
});

test('numbers in what stays keep their digits', () => {
  const body = `{"model":"m","messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"","signature":""},{"type":"tool_use","id":"t","name":"n","input":{"a":1.0,"b":12345678901234567890}}]}]}`;
  const { work } = withoutForeignThinking(workOf(body));
  assert.match(Buffer.from(work.body).toString(), /"a":1\.0,"b":12345678901234567890/);
});
