import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { NO_USAGE } from '../../../schemas/usage.ts';
import { anthropicMessages } from '../../../workers/wire/anthropic-messages.ts';
import type { DecodeContext } from '../../../workers/wire.ts';
import { CACHED_PROMPT, plainPrompt } from '../support/prompt.ts';
import { missing, recordings } from '../support/recordings.ts';

const CONTEXT: DecodeContext = {
  providerId: 'anthropic',
  requestId: 'req_test',
  requestModel: 'claude-opus-5-5',
  inputTokensEstimate: 1234,
  expectedPrompt: plainPrompt(1234),
  upstreamModel: 'claude-opus-5-5',
  thinkingDisplay: 'shown',
  toolNames: new Map(),
  remember: () => {},
};
const STREAMS = recordings(['anthropic', 'vertex-anthropic'], '.response.sse');

function decode(slices: readonly Uint8Array[], context = CONTEXT) {
  const decoder = anthropicMessages.createStreamDecoder(context);
  const chunks = slices.map((slice) => decoder.push(slice));
  chunks.push(decoder.finish());
  const bytes = Buffer.concat(chunks.map((chunk) => chunk.bytes));
  return { decoder, chunks, bytes, text: bytes.toString(), summary: decoder.summary() };
}

function sliced(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const points = [0, ...[...new Set(cuts)].sort((a, b) => a - b), bytes.length];
  return points.slice(1).map((end, index) => bytes.subarray(points[index], end));
}

function events(...parts: (readonly [string, object | string])[]): string {
  return parts
    .map(
      ([name, data]) =>
        `event: ${name}\ndata: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`,
    )
    .join('');
}

const START = {
  type: 'message_start',
  message: { id: 'msg_1', model: 'claude-x', usage: { input_tokens: 7, output_tokens: 1 } },
};
const DELTA = {
  type: 'content_block_delta',
  index: 0,
  delta: { type: 'text_delta', text: 'hello' },
};
const END = {
  type: 'message_delta',
  delta: { stop_reason: 'end_turn' },
  usage: { output_tokens: 5 },
};
const WHOLE = events(
  ['message_start', START],
  [
    'content_block_start',
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  ],
  ['ping', '{"type": "ping"}'],
  ['content_block_delta', `${JSON.stringify(DELTA)}     `],
  ['content_block_stop', { type: 'content_block_stop', index: 0 }],
  ['message_delta', END],
  ['message_stop', { type: 'message_stop' }],
);

describe('the decoder over recorded streams', { skip: missing(STREAMS) }, () => {
  for (const { name, bytes } of STREAMS) {
    it(`relays ${name} byte for byte in one piece, byte by byte and in random pieces`, () => {
      const single = Array.from(bytes, (byte) => Buffer.from([byte]));
      assert.deepEqual(decode([bytes]).bytes, bytes);
      const slow = decode(single);
      assert.deepEqual(slow.bytes, bytes);
      assert.equal(slow.decoder.isComplete, true);
      assert.equal(slow.decoder.error, null);
      fc.assert(
        fc.property(fc.array(fc.nat(bytes.length), { maxLength: 40 }), (cuts) => {
          assert.deepEqual(decode(sliced(bytes, cuts)).bytes, bytes);
        }),
        { numRuns: 20 },
      );
    });

    it(`reads from ${name} the usage that stands in it`, () => {
      const seen = bytes
        .toString()
        .split('\n')
        .filter((line) => line.startsWith('data:'))
        .map((line) => JSON.parse(line.slice(5)));
      const first = seen.find(({ type }) => type === 'message_start').message.usage;
      const last = seen.findLast(({ type }) => type === 'message_delta').usage;
      const said = (field: string): number => last[field] ?? first[field] ?? 0;
      const { usage, raw, estimated, stopReason } = decode([bytes]).summary;
      assert.equal(estimated, false);
      assert.equal(usage.inputTokens, said('input_tokens'));
      assert.equal(usage.outputTokens, said('output_tokens'));
      assert.equal(usage.cacheReadInputTokens, said('cache_read_input_tokens'));
      assert.equal(
        usage.cacheCreation5mInputTokens + usage.cacheCreation1hInputTokens,
        said('cache_creation_input_tokens'),
      );
      assert.deepEqual(raw?.iterations, last.iterations);
      assert.equal(
        stopReason,
        seen.findLast(({ type }) => type === 'message_delta').delta.stop_reason,
      );
    });
  }
});

describe('the decoder over other spellings', () => {
  const spellings: [string, string][] = [
    ['CRLF', WHOLE.replaceAll('\n', '\r\n')],
    ['CR', WHOLE.replaceAll('\n', '\r')],
    ['mixed line ends', WHOLE.replace('\n\n', '\r\n\r\n').replace('\n\n', '\n\r\n')],
    ['comments and other fields', `: hello\n\n${WHOLE.replaceAll('event: ', 'id: 1\nevent: ')}`],
    ['data only', WHOLE.replaceAll(/event: .*\n/g, '')],
    ['no spaces after colons', WHOLE.replaceAll(': {', ':{').replaceAll('event: ', 'event:')],
    ['several data lines', WHOLE.replaceAll('{"type":"message_', '{"type":\ndata: "message_')],
  ];
  for (const [name, text] of spellings) {
    it(`understands ${name} however it is cut, and changes nothing`, () => {
      const bytes = Buffer.from(text);
      fc.assert(
        fc.property(fc.array(fc.nat(bytes.length), { maxLength: 30 }), (cuts) => {
          const { bytes: out, decoder, summary } = decode(sliced(bytes, cuts));
          assert.deepEqual(out, bytes);
          assert.equal(decoder.isComplete, true);
          assert.equal(summary.usage.inputTokens, 7);
          assert.equal(summary.usage.outputTokens, 5);
        }),
        { numRuns: 60 },
      );
    });
  }

  it('takes a byte order mark off, also in pieces', () => {
    const bytes = Buffer.from(`\ufeff${WHOLE}`);
    assert.equal(decode([bytes]).text, WHOLE);
    assert.equal(decode(Array.from(bytes, (byte) => Buffer.from([byte]))).text, WHOLE);
  });

  it('completes a last event whose blank line is missing', () => {
    const { text, decoder } = decode([Buffer.from(WHOLE.trimEnd())]);
    assert.equal(text, WHOLE);
    assert.equal(decoder.isComplete, true);
  });

  it('relays unknown events and deltas as content', () => {
    const strange = events(['message_start', START], ['brand_new', { type: 'brand_new', a: 1 }]);
    const decoder = anthropicMessages.createStreamDecoder(CONTEXT);
    const chunk = decoder.push(Buffer.from(strange));
    assert.equal(Buffer.from(chunk.bytes).toString(), strange);
    assert.equal(chunk.hasContent, true);
  });

  it('copies nothing when events do not span pieces', () => {
    const bytes = Buffer.from(WHOLE);
    const chunk = anthropicMessages.createStreamDecoder(CONTEXT).push(bytes);
    assert.equal(chunk.bytes.buffer, bytes.buffer);
    assert.equal(chunk.bytes.byteOffset, bytes.byteOffset);
  });
});

describe('the decoder flags', () => {
  it('content from the first event beyond message_start and ping', () => {
    const decoder = anthropicMessages.createStreamDecoder(CONTEXT);
    const start = decoder.push(
      Buffer.from(events(['message_start', START], ['ping', '{"type":"ping"}'])),
    );
    assert.equal(start.hasContent, false);
    const delta = decoder.push(Buffer.from(events(['content_block_delta', DELTA])));
    assert.deepEqual([delta.hasContent, delta.isBoundary], [true, false]);
    const stop = decoder.push(
      Buffer.from(events(['content_block_stop', { type: 'content_block_stop', index: 0 }])),
    );
    assert.equal(stop.isBoundary, true);
  });

  it('does not count a duplicate message_start twice', () => {
    const text = events(
      ['message_start', START],
      ['message_start', START],
      ['content_block_delta', DELTA],
      ['message_delta', END],
      ['message_stop', '{"type":"message_stop"}'],
    );
    const { summary, text: out } = decode([Buffer.from(text)]);
    assert.equal(out, text);
    assert.equal(summary.usage.inputTokens, 7);
  });
});

describe('the decoder over broken streams', () => {
  it('holds an error event back and keeps its own words', () => {
    const error =
      '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_9"}';
    const before = events(['message_start', START], ['content_block_delta', DELTA]);
    const { text, decoder, summary } = decode([
      Buffer.from(before + events(['error', error]) + WHOLE),
    ]);
    assert.equal(text, before);
    assert.equal(decoder.error?.body, error);
    assert.equal(decoder.error?.status, 529);
    assert.equal(decoder.error?.isFailover, true);
    assert.equal(summary.estimated, true);
    assert.equal(summary.usage.inputTokens, 7);
    assert.ok(summary.usage.outputTokens >= 1);
  });

  it('expects of the prompt what is cached, until message_start tells it', () => {
    const context = { ...CONTEXT, expectedPrompt: CACHED_PROMPT };
    const late = decode([Buffer.from(events(['content_block_delta', DELTA]))], context).summary;
    assert.equal(late.estimated, true);
    const { outputTokens } = late.usage;
    assert.deepEqual(late.usage, { ...NO_USAGE, ...CACHED_PROMPT, outputTokens });
    assert.ok(outputTokens >= 1);
    const told = decode(
      [Buffer.from(events(['message_start', START], ['content_block_delta', DELTA]))],
      context,
    ).summary;
    assert.equal(told.estimated, true);
    assert.deepEqual([told.usage.inputTokens, told.usage.cacheReadInputTokens], [7, 0]);
  });

  it('converts a bare Google error', () => {
    const bare =
      'data: {"error":{"code":503,"message":"try projects/my-project-123 later","status":"UNAVAILABLE"}}\n\n';
    const { decoder, text } = decode([Buffer.from(bare)], {
      ...CONTEXT,
      providerId: 'vertex-claude',
    });
    assert.equal(text, '');
    assert.equal(decoder.error?.type, 'overloaded_error');
    assert.equal(decoder.error?.status, 529);
    assert.doesNotMatch(decoder.error?.message ?? '', /my-project-123/);
  });

  it('converts a raw JSON error after events', () => {
    const raw = JSON.stringify(
      [{ error: { code: 429, message: 'quota', status: 'RESOURCE_EXHAUSTED' } }],
      null,
      2,
    );
    const { decoder } = decode([
      Buffer.from(WHOLE.slice(0, WHOLE.indexOf('event: message_delta')) + raw),
    ]);
    assert.equal(decoder.error?.type, 'rate_limit_error');
  });

  it('never reports a stream without message_stop as whole, and leaves no half event', () => {
    const cut = WHOLE.indexOf('event: message_stop') + 10;
    const { decoder, text } = decode([Buffer.from(WHOLE.slice(0, cut))]);
    assert.equal(decoder.isComplete, false);
    assert.equal(decoder.error?.type, 'api_error');
    assert.equal(decoder.error?.isFailover, true);
    assert.equal(text, WHOLE.slice(0, WHOLE.indexOf('event: message_stop')));
  });

  const strange: [string, string, RegExp][] = [
    ['a web page', '<html>\n\n<body>no</body></html>', /web page/],
    ['a JSON object', '{"type":"message","content":[]}', /no message/],
    ['a JSON error', '{"error":{"code":529,"message":"busy"}}', /busy/],
    ['nothing', '', /closed the stream/],
  ];
  for (const [name, text, message] of strange) {
    it(`refuses ${name} instead of a stream`, () => {
      const { decoder, bytes } = decode([Buffer.from(text)]);
      assert.match(decoder.error?.message ?? '', message);
      assert.equal(bytes.length, 0);
      assert.equal(decoder.error?.isFailover, true);
    });
  }

  it('refuses a message_start that is not JSON', () => {
    assert.match(
      decode([Buffer.from('event: message_start\ndata: {"a\n\n')]).decoder.error?.message ?? '',
      /not JSON/,
    );
  });

  it('bounds an endless event', () => {
    const decoder = anthropicMessages.createStreamDecoder(CONTEXT);
    const piece = Buffer.alloc(1_000_000, 'x');
    let pieces = 0;
    while (decoder.error === null && pieces < 100) {
      decoder.push(piece);
      pieces += 1;
    }
    assert.equal(pieces, 17);
    assert.match(decoder.error?.message ?? '', /too large/);
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 8 }), (slices) => {
        const { decoder, summary } = decode(slices);
        assert.equal(decoder.isComplete, false);
        assert.notEqual(decoder.error, null);
        assert.ok(Number.isInteger(summary.usage.outputTokens));
      }),
      { numRuns: 200 },
    );
  });

  it('estimates output by the text when the stream is cut', () => {
    const text = 'word '.repeat(8);
    const delta = { ...DELTA, delta: { type: 'text_delta', text } };
    const stream = events(
      ['message_start', START],
      ...Array.from({ length: 20 }, () => ['content_block_delta', delta] as const),
    );
    const { usage, estimated } = decode([Buffer.from(stream)]).summary;
    assert.equal(estimated, true);
    assert.equal(usage.outputTokens, (20 * text.length) / 4);
  });

  it('does not take the spaces for text with which the API pads its events before the last brace', () => {
    const deltas = (padding: string): string => {
      const text = 'word    '.repeat(3);
      const delta = { ...DELTA, delta: { type: 'text_delta', text } };
      const padded = JSON.stringify(delta).replace(/\}$/, `${padding}}`);
      return events(
        ['message_start', START],
        ...Array.from({ length: 20 }, () => ['content_block_delta', padded] as const),
      );
    };
    for (const padding of ['', ' ', ' '.repeat(15)]) {
      const { usage } = decode([Buffer.from(deltas(padding))]).summary;
      assert.equal(usage.outputTokens, (20 * 24) / 4, `${padding.length} spaces`);
    }
  });
});
