import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { modelFacts } from '../../sandbox/messages/model-facts.ts';
import { isThinkingSignature, signThinking } from '../../sandbox/messages/signature.ts';
import { createRing } from '../../sandbox/ring.ts';
import { fillerChunks, toChunks } from '../../sandbox/script/chunks.ts';
import { parseDirectives } from '../../sandbox/script/directives.ts';
import { schemaSample } from '../../sandbox/script/schema-sample.ts';

test('chunks add up to their text and never split a character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const chunks = toChunks(text);
      assert.equal(chunks.join(''), text);
      for (const chunk of chunks) assert.ok(chunk.isWellFormed() && chunk !== '');
    }),
  );
  assert.equal(fillerChunks(37).length, 37);
});

test('directives of any text are read without an error', () => {
  const line = fc.oneof(
    fc.string(),
    fc.string().map((rest) => `sandbox: tool Bash ${rest}`),
  );
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      for (const directive of parseDirectives(lines.join('\n'))) assert.ok(directive.kind);
    }),
  );
  assert.deepEqual(parseDirectives('a sandbox: say no\n  Sandbox: say  yes  \r\n'), [
    { kind: 'say', text: 'yes' },
  ]);
});

test('a sample is made of any schema, also of one that refers to itself', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (schema) => void JSON.stringify(schemaSample(schema, 'x'))),
  );
  const recursive = { type: 'object', properties: { next: { $ref: '#' } } };
  assert.ok(JSON.stringify(schemaSample(recursive, 'x')).length < 1_000);
});

test('a signature holds for its own thinking only, and foreign ones are told from Claude’s', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      assert.ok(isThinkingSignature(signThinking(one), one));
      assert.equal(isThinkingSignature(signThinking(one), other), one === other);
    }),
  );
  assert.ok(!isThinkingSignature('', ''));
  assert.ok(!isThinkingSignature('call_1|{}', ''));
});

test('model names tell what a model accepts', () => {
  assert.equal(modelFacts('claude-haiku-4-5@20251001').hasAdaptiveThinking, false);
  assert.equal(modelFacts('claude-sonnet-4-20250514').hasAdaptiveThinking, false);
  assert.equal(modelFacts('claude-opus-4-6').hasBudgetThinking, true);
  assert.equal(modelFacts('anthropic/claude-opus-4.8').hasBudgetThinking, false);
  assert.equal(modelFacts('claude-fable-5-2').canDisableThinking, false);
  assert.equal(modelFacts('vendor/other-model').hasPrefill, true);
});

test('a ring keeps the newest and hands out the one that falls out', () => {
  const ring = createRing<number>(3);
  const fallen = [1, 2, 3, 4, 5].map((item) => ring.push(item));
  assert.deepEqual(fallen, [undefined, undefined, undefined, 1, 2]);
  assert.deepEqual(ring.toArray(), [3, 4, 5]);
});
