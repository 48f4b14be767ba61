import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  DEFAULT_FLAVOUR,
  OPENROUTER_FLAVOUR,
} from '../../../../workers/wire/openai-chat/flavour.ts';
import {
  assistant,
  call,
  encode,
  encodeBytes,
  result,
  system,
  user,
} from '../../support/openai-encode.ts';

const CACHE = { cache_control: { type: 'ephemeral', ttl: '1h', scope: 'global' } };
const CLAUDE = { upstreamModel: 'anthropic/claude-sonnet-5.5', providerId: 'openrouter' };
describe('the row "system string/array"', () => {
  it('joins the texts with blank lines in one system message, without the billing header', () => {
    const { body } = encode({
      system: [
        { type: 'text', text: 'x-anthropic-billing-header: cc_version=1;' },
        { type: 'text', text: 'one', ...CACHE },
        { type: 'text', text: '' },
        { type: 'text', text: 'two' },
      ],
    });
    assert.deepEqual(body.messages[0], { role: 'system', content: 'one\n\ntwo' });
    assert.deepEqual(encode({ system: 'one' }).body.messages[0]?.content, 'one');
  });

  it('goes in the role that the server knows', () => {
    const flavour = { ...DEFAULT_FLAVOUR, systemRole: 'developer' as const };
    assert.equal(encode({ system: 'one' }, { flavour }).body.messages[0]?.role, 'developer');
  });

  it('stays an array with its cache hints for Claude at OpenRouter, and only there', () => {
    const fields = { system: [{ type: 'text', text: 'one', ...CACHE }] };
    const atOpenrouter = (upstreamModel: string) =>
      encode(fields, { flavour: OPENROUTER_FLAVOUR, context: { upstreamModel } }).body.messages[0];
    assert.deepEqual(atOpenrouter(CLAUDE.upstreamModel)?.content, [
      { type: 'text', text: 'one', cache_control: { type: 'ephemeral', ttl: '1h' } },
    ]);
    assert.equal(atOpenrouter('openai/gpt-4o')?.content, 'one');
    assert.equal(
      encode(fields, { context: { upstreamModel: 'claude' } }).body.messages[0]?.content,
      'one',
    );
  });
});

describe('the row "role system in messages"', () => {
  const messages = [
    user('q'),
    system('be brief', { clear_at: 'next_user_message' }),
    assistant([call('a')]),
    system('later'),
    user([result('a', 'r')]),
  ];

  it('becomes a system message in place, never between a call and its result', () => {
    const { body } = encode({ messages }, { flavour: OPENROUTER_FLAVOUR });
    assert.deepEqual(
      body.messages.map(({ role, content }) => [role, content]),
      [
        ['user', 'q'],
        ['system', 'be brief'],
        ['assistant', ''],
        ['tool', 'r'],
        ['system', 'later'],
      ],
    );
  });

  it('becomes a reminder in the user text where system may come first only', () => {
    const { body } = encode({ messages });
    assert.deepEqual(body.messages[0], {
      role: 'user',
      content: 'q\n\n<system-reminder>\nbe brief\n</system-reminder>',
    });
    assert.deepEqual(
      body.messages.map(({ role }) => role),
      ['user', 'assistant', 'tool', 'user'],
    );
  });

  it('sets the effort of its turn, of the tool loop too, and not of later turns', () => {
    const effort = { output_config: { effort: 'low' } };
    const inLoop = [user('q'), system('s', effort), assistant([call('a')]), user([result('a')])];
    const later = [user('q'), system('s', effort), assistant('done'), user('next')];
    const own = { output_config: { effort: 'high' } };
    assert.equal(encode({ messages: inLoop, ...own }).body.reasoning_effort, 'low');
    assert.equal(encode({ messages: later, ...own }).body.reasoning_effort, 'high');
  });
});

describe('the row "user text"', () => {
  it('is one string, and parts only beside media', () => {
    const texts = [
      { type: 'text', text: 'a' },
      { type: 'text', text: '' },
      { type: 'text', text: 'b' },
    ];
    assert.equal(encode({ messages: [user(texts)] }).body.messages[0]?.content, 'a\n\nb');
    const image = { type: 'image', source: { type: 'url', url: 'https://x.test/a.png' } };
    assert.deepEqual(encode({ messages: [user([...texts, image])] }).body.messages[0]?.content, [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
      { type: 'image_url', image_url: { url: 'https://x.test/a.png' } },
    ]);
  });

  it('tells blocks that it does not know, and keeps the text of those that have some', () => {
    const content = [{ type: 'hologram' }, { type: 'input_text', text: 'a' }];
    const { body, warnings } = encode({ messages: [user(content)] });
    assert.equal(body.messages[0]?.content, 'a');
    assert.deepEqual(warnings, ['block hologram dropped', 'block input_text sent as text']);
  });
});

describe('the row "assistant text + tool_use"', () => {
  it('is one message: all text first, then the calls with their input as JSON text', () => {
    const bytes = Buffer.from(
      `{"max_tokens":9,"messages":[{"role":"user","content":"q"},{"role":"assistant","content":[
        {"type":"text","text":"a"},{"type":"tool_use","id":"t1","name":"Read","input":{"n":1.0,"big":12345678901234567890}},
        {"type":"text","text":"b"}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"r"}]}]}`,
    );
    assert.deepEqual(encodeBytes(bytes).body.messages[1], {
      role: 'assistant',
      content: 'a\n\nb',
      tool_calls: [
        {
          id: 't1',
          type: 'function',
          function: { name: 'Read', arguments: '{"n":1.0,"big":12345678901234567890}' },
        },
      ],
    });
  });

  it('has an empty object as the input of a call without one, and a name in any case', () => {
    const messages = [user('q'), assistant([{ type: 'tool_use' }]), user([result('')])];
    const { body } = encode({ messages });
    const sent = body.messages[1]?.tool_calls?.[0];
    assert.equal(sent?.function.arguments, '{}');
    assert.match(sent?.function.name ?? '', /^[a-zA-Z0-9_-]{1,64}$/);
    assert.equal(body.messages[2]?.tool_call_id, sent?.id);
  });

  it('puts text together again that citations cut', () => {
    const content = [
      { type: 'text', text: 'It is ' },
      { type: 'text', text: 'green', citations: [{ type: 'char_location' }] },
      { type: 'text', text: '.' },
    ];
    const { body } = encode({ messages: [user('q'), assistant(content), user('q')] });
    assert.equal(body.messages[1]?.content, 'It is green.');
  });

  it('has null or empty content beside calls, as the server wants it', () => {
    const messages = [user('q'), assistant([call('a')]), user([result('a')])];
    assert.equal(encode({ messages }).body.messages[1]?.content, null);
    const flavour = { ...DEFAULT_FLAVOUR, emptyContent: 'empty' as const };
    assert.equal(encode({ messages }, { flavour }).body.messages[1]?.content, '');
  });

  it('keeps what server tools found as text, and tells of the rest', () => {
    const content = [
      { type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
      {
        type: 'web_search_tool_result',
        tool_use_id: 's',
        content: [
          {
            type: 'web_search_result',
            title: 'NATS',
            url: 'https://nats.io',
            encrypted_content: 'x',
          },
        ],
      },
      { type: 'text', text: 'done' },
    ];
    const { body, warnings } = encode({ messages: [user('q'), assistant(content), user('q')] });
    assert.equal(body.messages[1]?.content, 'NATS\nhttps://nats.io\n\ndone');
    assert.deepEqual(warnings, [
      'block server_tool_use dropped',
      'block web_search_tool_result sent as text',
    ]);
  });
});

describe('the row "prefill"', () => {
  const messages = [user('q'), assistant('The answer is')];

  it('is refused in words that the client knows, unless server or model go on with it', () => {
    assert.throws(() => encode({ messages }), {
      type: 'invalid_request_error',
      message: /does not support assistant message prefill/,
    });
    assert.equal(
      encode({ messages }, { flavour: OPENROUTER_FLAVOUR }).body.messages.at(-1)?.content,
      'The answer is',
    );
    assert.equal(encode({ messages }, { model: { hasPrefill: true } }).body.messages.length, 2);
  });

  it('is none when nothing of the last assistant turn is left to send', () => {
    const last = assistant([{ type: 'thinking', thinking: 'x', signature: 'y' }]);
    assert.equal(encode({ messages: [user('q'), last] }).body.messages.length, 1);
  });
});

describe('compaction blocks', () => {
  it('stand for what came before, when they can be read', () => {
    const content = [
      { type: 'compaction', content: 'We spoke of NATS.' },
      { type: 'text', text: 'ok' },
    ];
    const { body } = encode({ messages: [user('old'), assistant(content), user('q')] });
    assert.deepEqual(
      body.messages.map((message) => message.content),
      ['Summary of the conversation so far:\nWe spoke of NATS.', 'ok', 'q'],
    );
  });

  it('are dropped when only Anthropic can read them, and refused when nothing else is there', () => {
    const block = { type: 'compaction', content: null, encrypted_content: 'x' };
    const { warnings } = encode({ messages: [user('a'), assistant([block]), user('q')] });
    assert.deepEqual(warnings, ['block compaction dropped']);
    assert.throws(() => encode({ messages: [assistant([block])] }), {
      type: 'invalid_request_error',
      message: /messages: nothing is left/,
    });
  });
});
