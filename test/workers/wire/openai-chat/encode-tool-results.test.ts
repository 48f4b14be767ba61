import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ToolState } from '../../../../schemas/tool-state.ts';
import {
  DEFAULT_FLAVOUR,
  OPENROUTER_FLAVOUR,
} from '../../../../workers/wire/openai-chat/flavour.ts';
import { assistant, call, encode, result, user } from '../../support/openai-encode.ts';

const CACHE = { cache_control: { type: 'ephemeral', ttl: '1h', scope: 'global' } };
const CLAUDE = { upstreamModel: 'anthropic/claude-sonnet-5.5', providerId: 'openrouter' };
const state = (fields: Partial<ToolState>): ToolState => ({
  v: 1,
  provider: 'openai-compatible',
  model: 'some-model',
  upstreamId: null,
  thoughtSignature: null,
  reasoningDetails: null,
  reasoningText: null,
  ...fields,
});

describe('the row "tool_result"', () => {
  const answered = (...blocks: unknown[]) => [
    user('q'),
    assistant([call('a'), call('b')]),
    user(blocks),
  ];

  it('is a tool message per call, in the order of the calls, before any user text of its turn', () => {
    const messages = answered({ type: 'text', text: 'and' }, result('b', '2'), result('a', '1'));
    assert.deepEqual(encode({ messages }).body.messages.slice(2), [
      { role: 'tool', tool_call_id: 'a', content: '1' },
      { role: 'tool', tool_call_id: 'b', content: '2' },
      { role: 'user', content: 'and' },
    ]);
  });

  it('marks errors, and is never empty', () => {
    const messages = answered(
      result('a', [{ type: 'text', text: 'no such file' }], { is_error: true }),
      result('b', []),
    );
    assert.deepEqual(
      encode({ messages })
        .body.messages.slice(2)
        .map(({ content }) => content),
      ['Error: no such file', '(empty)'],
    );
  });

  it('is one message whatever its content is', () => {
    for (const content of [undefined, null, '', [], 7, { a: 1 }, ['x'], [{ type: 'odd' }], [[]]]) {
      const { body } = encode({ messages: answered(result('a', content), result('b', 'r')) });
      const [a, b] = body.messages.slice(2);
      assert.deepEqual([a?.tool_call_id, b?.tool_call_id], ['a', 'b']);
      assert.ok(typeof a?.content === 'string' && a.content !== '');
    }
  });

  it('leaves a note for images, which follow in a user message before the text', () => {
    const image = {
      type: 'image',
      source: { type: 'base64', media_type: 'image/png', data: 'AA' },
    };
    const messages = answered(
      result('a', [{ type: 'text', text: 'seen' }, image]),
      result('b', 'r'),
      { type: 'text', text: 'and' },
    );
    assert.deepEqual(encode({ messages }).body.messages.slice(2), [
      { role: 'tool', tool_call_id: 'a', content: 'seen\n\n[image 1: in the next message]' },
      { role: 'tool', tool_call_id: 'b', content: 'r' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'From the tool result:' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } },
          { type: 'text', text: 'and' },
        ],
      },
    ]);
  });

  it('lists tool references by the names that the model knows', () => {
    const long = `mcp__${'s'.repeat(80)}`;
    const references = ['WebFetch', long].map((tool_name) => ({
      type: 'tool_reference',
      tool_name,
    }));
    const { body, toolNames } = encode({
      messages: answered(result('a', references), result('b')),
    });
    const [short] = toolNames.keys();
    assert.equal(body.messages[2]?.content, `Tools loaded: WebFetch, ${short}`);
  });

  it('becomes user text without its call, a second result of one call too', () => {
    const messages = answered(
      result('a', '1'),
      result('b', '2'),
      result('a', '3'),
      result('z', '4'),
    );
    const header = 'Result of a tool call that is not in the conversation:';
    assert.deepEqual(encode({ messages }).body.messages.at(-1), {
      role: 'user',
      content: `${header}\n\n3\n\n${header}\n\n4`,
    });
  });

  it('is made up for calls that have none', () => {
    const messages = [...answered(result('b', 'r')), assistant('ok'), user('q')];
    assert.deepEqual(encode({ messages }).body.messages[2], {
      role: 'tool',
      tool_call_id: 'a',
      content: '[tool call was interrupted]',
    });
  });

  it('keeps its cache hint for Claude at OpenRouter', () => {
    const messages = answered(result('a', 'r', CACHE), result('b'));
    const { body } = encode({ messages }, { flavour: OPENROUTER_FLAVOUR, context: CLAUDE });
    assert.deepEqual(body.messages[2]?.content, [
      { type: 'text', text: 'r', cache_control: { type: 'ephemeral', ttl: '1h' } },
    ]);
  });
});

describe('the row "tool ids"', () => {
  const sent = (id: string, options: Parameters<typeof encode>[1] = {}) => {
    const messages = [user('q'), assistant([call(id)]), user([result(id, 'r')])];
    const { body } = encode({ messages }, options);
    const callId = body.messages[1]?.tool_calls?.[0]?.id;
    assert.equal(body.messages[2]?.tool_call_id, callId);
    return callId ?? '';
  };

  it('passes what fits, and shortens the rest the same way every time', () => {
    assert.equal(sent('toolu_01z0km18awvz'), 'toolu_01z0km18awvz');
    const long = 'x'.repeat(41);
    assert.match(sent(long), /^call_[0-9a-f]{24}$/);
    assert.equal(sent(long), sent(long));
    assert.match(sent('functions.Bash:0'), /^call_/);
  });

  it('is nine alphanumeric characters for Mistral', () => {
    const flavour = { ...DEFAULT_FLAVOUR, toolIdStyle: 'nine-alphanumeric' as const };
    assert.match(sent('toolu_01z0km18awvz', { flavour }), /^[a-zA-Z0-9]{9}$/);
    assert.equal(sent('aB3dE6gH9', { flavour }), 'aB3dE6gH9');
  });

  it("restores the server's own, and no other provider's", () => {
    const mine = new Map([['toolu_1', state({ upstreamId: 'functions.Bash:0' })]]);
    const others = new Map([['toolu_1', state({ upstreamId: 'x:0', provider: 'openrouter' })]]);
    assert.equal(sent('toolu_1', { context: { toolStates: mine } }), 'functions.Bash:0');
    assert.equal(sent('toolu_1', { context: { toolStates: others } }), 'toolu_1');
  });

  it('is never given twice, though the history uses one twice', () => {
    const turn = [assistant([call('a'), call('a')]), user([result('a', '1'), result('a', '2')])];
    const { body } = encode({ messages: [user('q'), ...turn, ...turn] });
    const ids = body.messages.flatMap(({ tool_calls }) => tool_calls?.map(({ id }) => id) ?? []);
    assert.equal(new Set(ids).size, 4);
    assert.deepEqual(
      body.messages.filter(({ role }) => role === 'tool').map(({ content }) => content),
      ['1', '2', '1', '2'],
    );
  });
});
