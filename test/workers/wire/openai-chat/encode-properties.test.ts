import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { GatewayError } from '../../../../schemas/error.ts';
import {
  DEFAULT_FLAVOUR,
  OPENROUTER_FLAVOUR,
  type OpenaiFlavour,
} from '../../../../workers/wire/openai-chat/flavour.ts';
import { encode, type SentMessage } from '../../support/openai-encode.ts';

// Few ids, so that calls and results meet, repeat and miss each other.
const id = fc.constantFrom('a', 'b', 'c', 'functions.Bash:0', 'x'.repeat(70), '');
const text = fc.record({ type: fc.constant('text'), text: fc.string() });
const call = fc.record({
  type: fc.constant('tool_use'),
  id,
  name: fc.constantFrom('Read', 'a.b', 'n'.repeat(90)),
  input: fc.jsonValue({ maxDepth: 2 }),
});
const image = fc.constant({ type: 'image', source: { type: 'url', url: 'https://x.test/a' } });
const result = fc.record({
  type: fc.constant('tool_result'),
  tool_use_id: id,
  content: fc.oneof(fc.string(), fc.array(fc.oneof(text, image), { maxLength: 3 })),
  is_error: fc.boolean(),
});
const thinking = fc.record({ type: fc.constant('thinking'), thinking: fc.string(), signature: id });
const blocks = fc.array(fc.oneof(text, call, result, image, thinking), { maxLength: 6 });
const turn = fc.record({ role: fc.constantFrom('user', 'assistant', 'system'), content: blocks });
const flavour: fc.Arbitrary<OpenaiFlavour> = fc
  .record({
    systemFirstOnly: fc.boolean(),
    toolIdStyle: fc.constantFrom('any' as const, 'nine-alphanumeric' as const),
    replayReasoning: fc.constantFrom('never' as const, 'always' as const, 'details' as const),
  })
  .map((fields) => ({ ...DEFAULT_FLAVOUR, ...fields, acceptsPrefill: true }));

// What may come in some year: known and unknown types with fields of any shape.
const odd = fc.oneof(
  { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  { weight: 1, arbitrary: fc.constantFrom({ type: 'base64', data: 'AA' }, { type: 'text' }) },
);
const oddBlock = fc.record(
  {
    type: fc.oneof(
      fc.string(),
      fc.constantFrom(
        ...['text', 'image', 'document', 'search_result', 'thinking', 'redacted_thinking'],
        ...['tool_use', 'tool_result', 'server_tool_use', 'web_search_tool_result', 'compaction'],
        ...['tool_addition', 'tool_removal', 'mcp_tool_result', 'browser_state', 'tool_reference'],
      ),
    ),
    ...{ text: odd, source: odd, content: odd, id: odd, name: odd, input: odd, tool_use_id: odd },
    ...{ signature: odd, cache_control: odd, tool: odd, citations: odd, is_error: odd, title: odd },
  },
  { requiredKeys: ['type'] },
);
const oddRequest = fc.record(
  {
    messages: fc.array(
      fc.record({
        role: fc.constantFrom('user', 'assistant', 'system'),
        content: fc.array(oddBlock),
      }),
      { minLength: 1, maxLength: 5 },
    ),
    tools: fc.array(
      fc.record(
        { name: fc.string({ minLength: 1 }), type: fc.string(), input_schema: odd, strict: odd },
        { requiredKeys: ['name'] },
      ),
      { maxLength: 3 },
    ),
    ...{ tool_choice: odd, thinking: odd, output_config: odd, metadata: odd, stop_sequences: odd },
    ...{ temperature: odd, top_k: odd, context_management: odd, future: odd },
  },
  { requiredKeys: ['messages'] },
);

/** Checks OpenAI's rule: the calls of an assistant message are answered directly after it, each once. */
function assertPaired(messages: readonly SentMessage[]): void {
  let waiting: string[] = [];
  for (const { role, tool_calls, tool_call_id } of messages) {
    if (role === 'tool') assert.equal(tool_call_id, waiting.shift());
    else assert.deepEqual(waiting, []);
    if (role === 'assistant') waiting = tool_calls?.map((sent) => sent.id) ?? [];
  }
  assert.deepEqual(waiting, []);
}

describe('any conversation', () => {
  it('answers every call exactly once, directly after its message', () => {
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 12 }), flavour, (turns, server) => {
        const messages = [{ role: 'user', content: 'begin' }, ...turns];
        const { body } = encode({ messages }, { flavour: server });
        assertPaired(body.messages);
        const calls = body.messages.flatMap(({ tool_calls }) => tool_calls ?? []);
        assert.equal(new Set(calls.map((sent) => sent.id)).size, calls.length);
        const sentTurns = turns.filter(({ role }) => role === 'assistant');
        const expected = sentTurns.flatMap(({ content }) =>
          content.filter(({ type }) => type === 'tool_use'),
        );
        assert.equal(calls.length, expected.length);
      }),
    );
  });

  it('loses no text of results, whether they have calls or not', () => {
    const marked = fc.array(
      fc.record({
        role: fc.constantFrom('user', 'assistant'),
        content: fc.array(fc.oneof(call, result), { maxLength: 4 }),
      }),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(marked, (turns) => {
        const marks: string[] = [];
        const mark = (): string => {
          marks.push(`<${marks.length}>`);
          return marks.at(-1) ?? '';
        };
        const messages = turns.map(({ role, content }) => ({
          role,
          content: content
            .filter(({ type }) => (type === 'tool_use') === (role === 'assistant'))
            .map((block) => (block.type === 'tool_use' ? block : { ...block, content: mark() })),
        }));
        const sent = JSON.stringify(
          encode({ messages: [{ role: 'user', content: 'q' }, ...messages] }).body.messages,
        );
        for (const text of marks) assert.equal(sent.split(text).length, 2, text);
      }),
    );
  });

  it('gives the same bytes every time', () => {
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 6 }), flavour, (turns, server) => {
        const fields = { messages: [{ role: 'user', content: 'begin' }, ...turns] };
        const options = { flavour: server };
        assert.deepEqual(encode(fields, options), encode(fields, options));
      }),
    );
  });
});

describe('input of any shape', () => {
  it('is sent, or refused as invalid, and breaks nothing', () => {
    const sentOrRefused = { sent: 0, total: 0 };
    fc.assert(
      fc.property(oddRequest, fc.boolean(), (request, isOpenrouter) => {
        sentOrRefused.total += 1;
        const server = isOpenrouter ? OPENROUTER_FLAVOUR : DEFAULT_FLAVOUR;
        try {
          const { body } = encode(request, {
            flavour: server,
            context: { upstreamModel: 'anthropic/claude' },
          });
          assertPaired(body.messages);
          sentOrRefused.sent += 1;
          assert.ok(body.messages.every(({ content }) => content !== undefined));
        } catch (error) {
          if (!(error instanceof GatewayError)) throw error;
          assert.equal(error.type, 'invalid_request_error');
          assert.ok(error.message.length < 400);
        }
      }),
      { numRuns: 500 },
    );
    // Most must get through, or the property says little.
    assert.ok(sentOrRefused.sent > sentOrRefused.total / 3, JSON.stringify(sentOrRefused));
  });
});
