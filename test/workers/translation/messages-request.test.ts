import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GatewayError } from '../../../schemas/error.ts';
import { exactNumber, parseExactJson } from '../../../workers/exact-json.ts';
import { readMessagesRequest } from '../../../workers/translation/messages-request.ts';
import {
  isGatewaySignature,
  openSignature,
  sealSignature,
} from '../../../workers/translation/signature.ts';
import { thinkingDisplayOf } from '../../../workers/translation/translate.ts';
import { Warnings } from '../../../workers/translation/warnings.ts';

function read(body: unknown) {
  return readMessagesRequest(Buffer.from(JSON.stringify(body)));
}

test('content becomes blocks, neighbours of one role one turn, and the billing header goes', () => {
  const { system, turns } = read({
    system: [
      { type: 'text', text: 'x-anthropic-billing-header: cc_version=1;' },
      { type: 'text', text: 'Be brief.' },
    ],
    messages: [
      { role: 'user', content: 'a' },
      { role: 'user', content: [{ type: 'text', text: 'b' }] },
      { role: 'system', output_config: { effort: 'low' } },
      { role: 'assistant', content: '' },
    ],
  });
  assert.deepEqual(system, [{ type: 'text', text: 'Be brief.' }]);
  assert.deepEqual(
    turns.map(({ role, blocks, effort }) => [role, blocks.length, effort]),
    [
      ['user', 2, null],
      ['system', 0, 'low'],
      ['assistant', 0, null],
    ],
  );
});

test('what is wrong is named by its field', () => {
  const wrong: [unknown, RegExp][] = [
    [{}, /^messages: Field required/],
    [{ messages: [] }, /^messages: at least one/],
    [{ messages: [{ role: 'bot', content: '' }] }, /^messages\.0\.role: /],
    [{ messages: [{ role: 'user' }] }, /^messages\.0\.content: Field required/],
    [{ messages: [{ role: 'user', content: [{}] }] }, /^messages\.0\.content\.0\.type: /],
    [{ messages: [{ role: 'user', content: '' }], tools: 1 }, /^tools: /],
  ];
  for (const [body, message] of wrong) {
    assert.throws(() => read(body), {
      name: 'GatewayError',
      type: 'invalid_request_error',
      message,
    });
  }
});

test('any JSON is read or refused as a request, never anything else', () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      try {
        readMessagesRequest(Buffer.from(json));
      } catch (error) {
        assert.ok(error instanceof GatewayError, String(error));
        assert.equal(error.status, 400);
      }
    }),
  );
});

test('numbers keep their digits, and can be read', () => {
  const parsed = parseExactJson('{"a":1.0,"b":12345678901234567890,"c":3}') as Record<
    string,
    unknown
  >;
  assert.equal(JSON.stringify(parsed), '{"a":1.0,"b":12345678901234567890,"c":3}');
  assert.equal(exactNumber(parsed['a']), 1);
  assert.equal(exactNumber(parsed['c']), 3);
  for (const value of [null, 'x', {}, [], undefined, Number.NaN])
    assert.equal(exactNumber(value), null);
});

test('a signature of ours opens to what was sealed; others do not open', () => {
  fc.assert(
    fc.property(fc.string(), fc.dictionary(fc.string(), fc.string()), (model, state) => {
      const seal = { provider: 'vertex-gemini', model, state };
      const opened = openSignature(sealSignature(seal));
      assert.deepEqual(opened, { ...seal, state: JSON.parse(JSON.stringify(state)) });
    }),
  );
  for (const other of ['', 'EqQBCgIYAhIM', 'gw1.', 'gw1.a.b', 'gw1.a.b.%%%', null, 5]) {
    assert.equal(openSignature(other), null);
  }
  assert.equal(isGatewaySignature('gw1.broken'), true);
  const huge = sealSignature({ provider: 'p', model: 'm', state: { text: 'x'.repeat(300_000) } });
  assert.deepEqual(openSignature(huge)?.state, {});
});

test('what a request wants to see of reasoning', () => {
  assert.equal(thinkingDisplayOf({}), 'none');
  assert.equal(thinkingDisplayOf({ thinking: { type: 'disabled' } }), 'none');
  assert.equal(
    thinkingDisplayOf({ thinking: { type: 'adaptive', display: 'omitted' } }),
    'omitted',
  );
  assert.equal(thinkingDisplayOf({ thinking: { type: 'enabled', budget_tokens: 2_000 } }), 'shown');
});

test('warnings are few, told once, and fit a header', () => {
  const warnings = new Warnings();
  for (let index = 0; index < 100; index += 1)
    warnings.add(`field ${index % 30} dropped, again\r\nx: y`);
  assert.equal(warnings.list.length, 20);
  for (const warning of warnings.list) assert.match(warning, /^[\x20-\x2b\x2d-\x7e]{1,120}$/);
});
