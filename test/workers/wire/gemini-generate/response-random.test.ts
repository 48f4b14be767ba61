import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeStream, sliced, validGrammar } from '../../support/gemini-answers.ts';

const ERROR = {
  error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' },
};

describe('any sequence of chunks', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '`', 'héllo'));
  const signature = fc.option(fc.constantFrom('c2ln', 'b3RoZXI='), { nil: undefined });
  const path = fc.constantFrom('$.a', '$.a[0]', '$.a.b', '$.c', '$', 'x', '$.a[99999999]');
  const partial = fc.record(
    { jsonPath: path, stringValue: text, numberValue: fc.double(), willContinue: fc.boolean() },
    { requiredKeys: [] },
  );
  const functionCall = fc.record(
    {
      name: fc.constantFrom('', 'Bash', 'Read'),
      args: fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue()),
      id: fc.string(),
      partialArgs: fc.array(partial, { maxLength: 3 }),
      willContinue: fc.boolean(),
    },
    { requiredKeys: [] },
  );
  const part = fc.oneof(
    fc.record({ text, thought: fc.boolean(), thoughtSignature: signature }, { requiredKeys: [] }),
    fc.record({ functionCall, thoughtSignature: signature }, { requiredKeys: ['functionCall'] }),
    fc.record({ executableCode: fc.record({ code: text, language: text }) }),
    fc.record({ codeExecutionResult: fc.record({ output: text }) }),
    fc.jsonValue(),
  );
  const reason = fc.constantFrom(
    'STOP',
    'MAX_TOKENS',
    'SAFETY',
    'OTHER',
    'NEW',
    'MALFORMED_FUNCTION_CALL',
    'FINISH_REASON_UNSPECIFIED',
  );
  const candidate = fc.record(
    {
      content: fc.record({ parts: fc.array(part, { maxLength: 4 }) }),
      finishReason: fc.option(reason, { nil: undefined }),
      index: fc.constantFrom(0, 0, 0, 1),
    },
    { requiredKeys: [] },
  );
  const chunk = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record(
        {
          candidates: fc.array(candidate, { maxLength: 2 }),
          usageMetadata: fc.dictionary(
            fc.constantFrom('promptTokenCount', 'candidatesTokenCount'),
            fc.nat(),
          ),
        },
        { requiredKeys: [] },
      ),
    },
    { weight: 1, arbitrary: fc.constant(ERROR) },
    { weight: 1, arbitrary: fc.jsonValue() },
  );
  const display = fc.constantFrom('shown' as const, 'omitted' as const, 'none' as const);

  it('becomes valid events that end exactly once, or an error', () => {
    fc.assert(
      fc.property(
        fc.array(chunk, { maxLength: 8 }),
        fc.array(fc.nat()),
        display,
        (chunks, cuts, thinkingDisplay) => {
          const bytes = Buffer.from(
            chunks.map((one) => `data: ${JSON.stringify(one)}\n\n`).join(''),
          );
          const within = cuts.map((cut) => cut % (bytes.length + 1));
          const {
            text: out,
            decoder,
            content,
            summary,
          } = decodeStream(sliced(bytes, within), { thinkingDisplay });
          assert.equal(decoder.isComplete, decoder.error === null);
          assert.equal(out.split('event: message_stop').length - 1, decoder.isComplete ? 1 : 0);
          for (const { type, signature: signed } of content) {
            if (type === 'thinking' && decoder.isComplete) assert.match(signed ?? '', /^gw1\./);
          }
          assert.ok(Number.isInteger(summary.usage.inputTokens + summary.usage.outputTokens));
        },
      ),
      { numRuns: 1_500 },
    );
  });

  it('is survived, whatever bytes it is', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 8 }), (slices) => {
        const { decoder, text: out } = decodeStream(slices);
        assert.equal(decoder.isComplete, false);
        assert.notEqual(decoder.error, null);
        validGrammar(out);
      }),
      { numRuns: 300 },
    );
  });
});
