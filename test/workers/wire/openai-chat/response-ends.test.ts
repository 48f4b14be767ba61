/** One test per row of the response table in protocol reference §7.2: how an answer ends. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  callDelta,
  chatContext,
  decodeChunks,
  decodeStream,
  delta,
  framed,
} from '../../support/chat-decode.ts';

const CALL = {
  index: 0,
  id: 'call_a',
  type: 'function',
  function: { name: 'Read', arguments: '' },
};
const INPUT = { index: 0, function: { arguments: '{"path":"a"}' } };

describe('the finish reason', () => {
  const CASES: readonly [reason: string, withoutCalls: string, withCalls: string][] = [
    ['stop', 'end_turn', 'tool_use'],
    ['length', 'max_tokens', 'max_tokens'],
    ['tool_calls', 'end_turn', 'tool_use'],
    ['function_call', 'end_turn', 'tool_use'],
    ['content_filter', 'refusal', 'tool_use'],
    ['eos', 'end_turn', 'tool_use'],
    ['end_turn', 'end_turn', 'tool_use'],
    ['model_length', 'max_tokens', 'max_tokens'],
    ['something_new', 'end_turn', 'tool_use'],
  ];
  for (const [reason, withoutCalls, withCalls] of CASES) {
    it(`${reason} means ${withoutCalls}, and ${withCalls} after a tool call`, () => {
      assert.equal(decodeChunks([delta({ content: 'a' }, reason)]).stopReason, withoutCalls);
      const calls = [callDelta(CALL), callDelta(INPUT), delta({}, reason)];
      assert.equal(decodeChunks(calls).stopReason, withCalls);
    });
  }

  it('error is a failure and no end', () => {
    const { decoder } = decodeChunks([delta({ content: 'a' }), delta({}, 'error')]);
    assert.equal(decoder.isComplete, false);
    assert.equal(decoder.error?.type, 'api_error');
  });

  it('insufficient_system_resource is an overloaded server', () => {
    const { decoder } = decodeChunks([delta({ content: 'a' }, 'insufficient_system_resource')]);
    assert.equal(decoder.error?.type, 'overloaded_error');
    assert.equal(decoder.error?.status, 529);
  });
});

describe('a stop sequence', () => {
  it('is end_turn where the server does not tell it', () => {
    const { stopReason, message } = decodeChunks([delta({ content: 'a' }, 'stop')]);
    assert.equal(stopReason, 'end_turn');
    assert.equal(message['stop_sequence'], null);
  });

  it('is named where vLLM tells it', () => {
    const choice = { index: 0, delta: {}, finish_reason: 'stop', stop_reason: 'END' };
    const { stopReason, message } = decodeChunks([delta({ content: 'a' }), { choices: [choice] }]);
    assert.equal(stopReason, 'stop_sequence');
    assert.equal(message['stop_sequence'], 'END');
  });
});

describe('the end of the message', () => {
  const USAGE = { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 };

  it('waits for usage that comes late, and is sent with it', () => {
    const early = decodeStream(framed([delta({ content: 'a' }), delta({}, 'stop')]));
    const text = framed([
      delta({ content: 'a' }),
      delta({}, 'stop'),
      { choices: [], usage: USAGE },
    ]);
    const late = decodeStream(text);
    assert.equal(late.chunks[0]?.isBoundary, true);
    assert.equal(late.chunks[1]?.bytes.length, 0); // nothing was left for the stream's own end
    assert.equal(late.usage['output_tokens'], 4);
    assert.equal(early.decoder.isComplete, true); // the end of the stream is an end as well
    assert.equal(early.summary.estimated, true);
  });

  it('is estimated when no usage came at all', () => {
    const context = chatContext({ inputTokensEstimate: 7 });
    const { summary, usage } = decodeChunks([delta({ content: 'x'.repeat(36) }, 'stop')], context);
    assert.equal(summary.estimated, true);
    assert.equal(summary.usage.outputTokens, 10);
    assert.equal(summary.usage.inputTokens, 7);
    assert.equal(summary.raw, null);
    assert.equal(usage['output_tokens'], 10);
  });
});

describe('an error chunk', () => {
  const ERROR = { error: { message: 'Rate limit exceeded', code: 429 } };

  it('before the content leaves nothing behind, so that another provider may be asked', () => {
    const { decoder, chunks, summary } = decodeStream(framed([ERROR]));
    assert.equal(chunks[0]?.bytes.length, 0);
    assert.equal(decoder.error?.type, 'rate_limit_error');
    assert.equal(decoder.error?.isFailover, true);
    assert.equal(summary.usage.outputTokens, 0);
  });

  it('after content ends the stream where it is', () => {
    const { decoder, content } = decodeChunks([
      delta({ content: 'half an ans' }),
      {
        ...delta({ content: '' }, 'error'),
        error: { message: 'Provider disconnected', code: 502 },
      },
      delta({ content: 'never read' }),
    ]);
    assert.equal(decoder.error?.type, 'api_error');
    assert.match(decoder.error?.message ?? '', /Provider disconnected/);
    assert.deepEqual(content, [{ type: 'text', text: 'half an ans' }]);
  });

  it('is an error event as well', () => {
    const { decoder } = decodeStream('event: error\ndata: the model fell over\n\n');
    assert.match(decoder.error?.message ?? '', /the model fell over/);
  });
});

describe('the end of the stream without a finish reason', () => {
  it('is an error that says so, and never end_turn', () => {
    const { decoder, stopReason } = decodeStream(framed([delta({ content: 'half' })]));
    assert.equal(stopReason, null);
    assert.equal(decoder.isComplete, false);
    assert.equal(decoder.error?.type, 'api_error');
    assert.match(decoder.error?.message ?? '', /^upstream closed the stream/);
  });

  it('is an error after [DONE] too while a call is half or nothing was said', () => {
    const half = [callDelta(CALL), callDelta({ index: 0, function: { arguments: '{"a' } })];
    assert.match(decodeChunks(half).decoder.error?.message ?? '', /^upstream closed the stream/);
    assert.notEqual(decodeChunks([delta({ role: 'assistant' })]).decoder.error, null);
    assert.equal(decodeChunks([delta({ content: 'whole' })]).stopReason, 'end_turn');
  });
});

describe('several choices', () => {
  it('are one: choice 0', () => {
    const other = { index: 1, delta: { content: 'no' }, finish_reason: 'length' };
    const mine = { index: 0, delta: { content: 'yes' }, finish_reason: null };
    const { content, stopReason } = decodeChunks([
      { choices: [other, mine] },
      { choices: [other] },
      delta({}, 'stop'),
    ]);
    assert.deepEqual(content, [{ type: 'text', text: 'yes' }]);
    assert.equal(stopReason, 'end_turn');
  });
});

describe('annotations', () => {
  it('are dropped', () => {
    const annotations = [{ type: 'url_citation', url_citation: { url: 'https://a.example' } }];
    const { content } = decodeChunks([delta({ content: 'a', annotations }, 'stop')]);
    assert.deepEqual(content, [{ type: 'text', text: 'a' }]);
  });
});
