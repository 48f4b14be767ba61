import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { usageSchema } from '../../../../schemas/usage.ts';
import { openaiChat } from '../../../../workers/wire/openai-chat.ts';
import { validateAnthropicEvents } from '../../../support/event-grammar.ts';
import { parseEventStream } from '../../../support/event-parser.ts';
import { chatContext, sliced } from '../../support/chat-decode.ts';
import { assertSameSummary } from '../../support/same-summary.ts';

const text = fc.oneof(
  fc.string(),
  fc.constantFrom('', ' ', '\n', '<think>', '</think>', 'a', 'é🙂', '\ud83d'),
);
const odd = fc.oneof(fc.jsonValue(), fc.constantFrom(null, '', 0, [], {}));
const index = fc.constantFrom(undefined, null, 0, 1, 2, -1, 1.5);
const id = fc.constantFrom(undefined, null, '', 'a', 'b', 'functions.X:0');
const name = fc.constantFrom(undefined, null, '', 'X', 'Y');
// Only what is valid or can be mended: clients get broken input as the model wrote it.
const input = fc.oneof(
  fc.constantFrom(undefined, '', '{}', '{"n":', '1}', '{"n":1}', ',', 'null', '[1]', 'prose'),
  fc.dictionary(fc.string(), fc.jsonValue()),
);
const call = fc.record({ index, id, function: fc.record({ name, arguments: input }) });
const details = fc.array(
  fc.record({
    type: fc.constantFrom('reasoning.text', 'reasoning.encrypted', 'reasoning.summary'),
    text: fc.oneof(text, fc.constant(undefined)),
    data: fc.oneof(text, fc.constant(undefined)),
    index: fc.constantFrom(0, 1, undefined),
  }),
  { maxLength: 2 },
);
const message = fc.record(
  {
    role: fc.constant('assistant'),
    content: fc.oneof(text, odd),
    reasoning: fc.oneof(text, odd),
    reasoning_content: text,
    reasoning_details: fc.oneof(details, odd),
    refusal: fc.oneof(text, fc.constant(null)),
    tool_calls: fc.oneof(fc.array(call, { maxLength: 3 }), odd),
  },
  { requiredKeys: [] },
);
const finish = fc.constantFrom(
  undefined,
  null,
  '',
  'stop',
  'tool_calls',
  'weird',
  'content_filter',
);
const count = fc.oneof(fc.nat(10_000), odd);
const usage = fc.oneof(
  fc.constantFrom(null, undefined),
  fc.record({ prompt_tokens: count, completion_tokens: count, total_tokens: count }),
);
const chunk = fc.record(
  {
    model: fc.oneof(text, odd),
    choices: fc.oneof(
      {
        weight: 9,
        arbitrary: fc.array(
          fc.record({
            index: fc.constantFrom(0, 0, 0, 1, undefined),
            delta: message,
            finish_reason: finish,
          }),
          { maxLength: 2 },
        ),
      },
      { weight: 1, arbitrary: odd },
    ),
    usage,
  },
  { requiredKeys: ['choices'] },
);
const event = fc.oneof(
  { weight: 30, arbitrary: chunk.map((body) => `data: ${JSON.stringify(body)}\n\n`) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ': wait\n\n',
      'data: [DONE]\n\n',
      'event: x\n\n',
      '\n',
      'data: ping\n\n',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'data: {"error":{"code":429}}\n\n',
      '{"error":"x"}\n\n',
      'data: {"a\n\n',
      '<html>\n\n',
    ),
  },
);
const stream = fc.array(event, { maxLength: 20 });

function run(pieces: readonly Uint8Array[], thinkingDisplay: 'shown' | 'omitted' | 'none') {
  const decoder = openaiChat.createStreamDecoder(chatContext({ thinkingDisplay }));
  const chunks = pieces.map((piece) => decoder.push(piece));
  chunks.push(decoder.finish());
  // Asked again, it says nothing more.
  chunks.push(decoder.finish(), decoder.push(Buffer.from('data: {"choices":[]}\n\n')));
  const events = parseEventStream(Buffer.concat(chunks.map(({ bytes }) => bytes)));
  return { decoder, events };
}

/** The events with any input that is no JSON object made one: the decoder passes it on as the model wrote it. */
function lenient(events: ReturnType<typeof parseEventStream>) {
  const inputs = new Map<number, string>();
  for (const { data } of events) {
    const { index: block, delta } = JSON.parse(data);
    if (delta?.type === 'input_json_delta') {
      inputs.set(block, (inputs.get(block) ?? '') + delta.partial_json);
    }
  }
  const broken = new Set([...inputs].filter(([, json]) => !isObject(json)).map(([block]) => block));
  return events.map((one) => {
    const { index: block, delta, ...rest } = JSON.parse(one.data);
    if (delta?.type !== 'input_json_delta' || !broken.has(block)) return one;
    const empty = { ...delta, partial_json: '' };
    return { ...one, data: JSON.stringify({ ...rest, index: block, delta: empty }) };
  });
}

function isObject(json: string): boolean {
  try {
    const value = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

describe('decoding any chunks at all', () => {
  const display = fc.constantFrom('shown' as const, 'omitted' as const, 'none' as const);

  it('keeps the grammar, never throws and ends exactly once', () => {
    let completed = 0;
    fc.assert(
      fc.property(stream, display, (parts, thinkingDisplay) => {
        const { decoder, events } = run([Buffer.from(parts.join(''))], thinkingDisplay);
        assert.equal(decoder.isComplete, decoder.error === null);
        validateAnthropicEvents(
          lenient(events),
          decoder.error === null ? {} : { mayEndWith: 'cut' },
        );
        const stops = events.filter(({ event: kind }) => kind === 'message_stop').length;
        assert.equal(stops, decoder.isComplete ? 1 : 0);
        usageSchema.parse(decoder.summary().usage);
        completed += stops;
      }),
      { numRuns: 400 },
    );
    assert.ok(completed > 40, `only ${completed} streams were whole`);
  });

  it('gives the same however the bytes are cut', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(4_000), { maxLength: 20 }), (parts, cuts) => {
        const bytes = Buffer.from(parts.join(''));
        const inside = cuts.filter((cut) => cut < bytes.length);
        const whole = run([bytes], 'shown');
        const cut = run(sliced(bytes, inside), 'shown');
        const named = ({ events }: typeof whole): object[] =>
          events.map(({ data }) => JSON.parse(data.replaceAll(/(msg|toolu)_[\da-f]{24}/g, '$1')));
        assert.deepEqual(named(cut), named(whole));
        assert.deepEqual(cut.decoder.error, whole.decoder.error);
        assertSameSummary(cut.decoder.summary(), whole.decoder.summary());
      }),
      { numRuns: 150 },
    );
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), (pieces) => {
        const { decoder } = run(pieces, 'shown');
        assert.notEqual(decoder.error, null);
      }),
    );
  });
});
