import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readMessagesRequest } from '../../../../workers/translation/messages-request.ts';
import { sealSignature } from '../../../../workers/translation/signature.ts';
import { encodeGeminiRequest } from '../../../../workers/wire/gemini-generate/encode-request.ts';
import {
  encodeBody,
  GEMINI_3,
  GEMINI_25,
  geminiContext,
  lastParts,
  says,
  toolResult,
  toolUse,
} from '../../support/gemini-encode.ts';

const BYPASS = 'skip_thought_signature_validator';

function thinking(text: string, thoughtSignature: string | null, model = GEMINI_3) {
  const state = thoughtSignature === null ? {} : { thoughtSignature };
  const signature = sealSignature({ provider: 'vertex-gemini', model, state });
  return { type: 'thinking', thinking: text, signature };
}

/** Two turns of the user's, the last one with two steps of calls. */
const LOOP = [
  { role: 'user', content: 'first' },
  { role: 'assistant', content: [toolUse('old')] },
  { role: 'user', content: [toolResult('old')] },
  { role: 'assistant', content: 'done' },
  { role: 'user', content: 'second' },
  { role: 'assistant', content: [toolUse('a1'), toolUse('a2')] },
  { role: 'user', content: [toolResult('a1'), toolResult('a2')] },
  { role: 'assistant', content: [toolUse('b1')] },
  { role: 'user', content: [toolResult('b1'), { type: 'text', text: 'hurry' }] },
];

function signaturesOf(options: Parameters<typeof encodeBody>[1], messages: object[] = LOOP) {
  const { contents } = encodeBody({ messages }, options).request;
  return contents
    .flatMap(({ parts }) => parts)
    .filter(({ functionCall }) => functionCall !== undefined)
    .map(({ thoughtSignature }) => thoughtSignature ?? null);
}

describe('signatures in a request to Gemini', () => {
  it('are made up for the first call of each step of the current turn only', () => {
    assert.deepEqual(signaturesOf({}), [null, BYPASS, null, BYPASS]);
  });

  it('never replace real ones', () => {
    const toolStates = { old: { thoughtSignature: 'b2xk' }, a1: { thoughtSignature: 'YTE=' } };
    assert.deepEqual(signaturesOf({ toolStates }), ['b2xk', 'YTE=', null, BYPASS]);
  });

  it('of another model or provider are not sent', () => {
    const foreign = { thoughtSignature: 'eA==', upstreamId: 'up' };
    const toolStates = {
      a1: { ...foreign, model: 'gemini-3.1-pro-preview' },
      b1: { ...foreign, provider: 'openrouter' },
    };
    assert.deepEqual(signaturesOf({ toolStates }), [null, BYPASS, null, BYPASS]);
    const { contents } = encodeBody({ messages: LOOP }, { toolStates }).request;
    assert.equal(contents[5]?.parts[0]?.functionCall?.id, 'up');
    assert.equal(contents[7]?.parts[0]?.functionCall?.id, undefined);
  });

  it('are not needed by Gemini 2.5', () => {
    assert.deepEqual(signaturesOf({ upstreamModel: GEMINI_25 }), [null, null, null, null]);
  });

  it('go back on thoughts and texts of the model that gave them', () => {
    const content = [
      thinking('plan', 'cGxhbg=='),
      { type: 'text', text: 'said' },
      thinking('', 'dGV4dA=='),
      toolUse('a'),
    ];
    const messages = [
      { role: 'user', content: 'go' },
      { role: 'assistant', content },
    ];
    assert.deepEqual(encodeBody({ messages }).request.contents[1]?.parts, [
      { text: 'plan', thought: true, thoughtSignature: 'cGxhbg==' },
      { text: 'said', thoughtSignature: 'dGV4dA==' },
      { functionCall: { name: 'Bash', args: { command: 'ls' } }, thoughtSignature: BYPASS },
    ]);
    const other = encodeBody({ messages }, { upstreamModel: 'gemini-3.1-pro-preview' });
    assert.deepEqual(other.request.contents[1]?.parts[0], { text: 'said' });
  });

  it('of a text reach it from an empty block ahead of it', () => {
    const messages = [
      { role: 'user', content: 'go' },
      { role: 'assistant', content: [thinking('', 'c2ln'), { type: 'text', text: 'said' }] },
      { role: 'user', content: 'on' },
    ];
    assert.deepEqual(encodeBody({ messages }).request.contents[1]?.parts, [
      { text: 'said', thoughtSignature: 'c2ln' },
    ]);
  });
});

describe('the contents of a request to Gemini', () => {
  it('have no model turn of thoughts alone', () => {
    const messages = [
      { role: 'user', content: 'go' },
      { role: 'assistant', content: [thinking('only', null)] },
      { role: 'user', content: 'on' },
    ];
    assert.deepEqual(encodeBody({ messages }).request.contents, [
      { role: 'user', parts: [{ text: 'go' }, { text: 'on' }] },
    ]);
  });

  it('begin with the user and answer a call that ends them', () => {
    const messages = [{ role: 'assistant', content: [toolUse('a', 'A', 5)] }];
    const { contents } = encodeBody({ messages }).request;
    assert.deepEqual(
      contents.map(({ role }) => role),
      ['user', 'model', 'user'],
    );
    assert.deepEqual(contents[1]?.parts[0]?.functionCall, { name: 'A', args: { raw: 5 } });
    assert.match(contents[2]?.parts[0]?.functionResponse?.response.error ?? '', /interrupted/);
  });

  it('keep the digits of tool inputs', () => {
    const text =
      '{"max_tokens":9,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"A","input":{"n":12345678901234567890}},{"type":"tool_use","id":"b","name":"B","input":1.0}]}]}';
    const request = readMessagesRequest(Buffer.from(text));
    const { body } = encodeGeminiRequest(request, geminiContext());
    assert.ok(body.includes('"args":{"n":12345678901234567890}'));
    assert.ok(body.includes('"args":{"raw":1.0}'));
  });

  it('carry results that answer no call as text', () => {
    const encoded = encodeBody({
      messages: [{ role: 'user', content: [toolResult('gone', 'old news'), toolResult('x', 1)] }],
    });
    assert.deepEqual(lastParts(encoded), [
      { text: 'Result of an earlier tool call:' },
      { text: 'old news' },
      { text: 'Result of an earlier tool call:' },
    ]);
  });

  it('carry a second result of one call as text', () => {
    const encoded = encodeBody({
      messages: [
        { role: 'user', content: 'go' },
        { role: 'assistant', content: [toolUse('a', 'A')] },
        { role: 'user', content: [toolResult('a', 'one'), toolResult('a', 'two')] },
      ],
    });
    assert.deepEqual(lastParts(encoded), [
      { functionResponse: { name: 'A', response: { output: 'one' } } },
      { text: 'Result of an earlier tool call:' },
      { text: 'two' },
    ]);
  });

  it('ask a model without prefill to go on', () => {
    const messages = [
      { role: 'user', content: 'go' },
      { role: 'assistant', content: 'Once upon' },
    ];
    const kept = encodeBody({ messages });
    assert.equal(kept.request.contents.at(-1)?.role, 'model');
    const turned = encodeBody({ messages }, { model: { hasPrefill: false } });
    assert.equal(turned.request.contents.at(-1)?.role, 'user');
    assert.deepEqual(turned.warnings, ['prefill turned into a request to go on']);
  });

  it('refuse what the user has just sent, and tell of it in words elsewhere', () => {
    const file = { type: 'image', source: { type: 'file', file_id: 'f' } };
    const gif = {
      type: 'image',
      source: { type: 'base64', media_type: 'image/gif', data: 'AA' },
    };
    assert.throws(() => encodeBody(says(file)), { message: /^image\.source: .*Files API; send/ });
    assert.throws(() => encodeBody(says({ type: 'container_upload', file_id: 'f' })), {
      type: 'invalid_request_error',
    });
    assert.throws(
      () => encodeBody(says({ type: 'image', source: { type: 'url', url: 'http://a/b.png' } })),
      { message: /^image\.source\.url: / },
    );
    const old = encodeBody({
      messages: [
        { role: 'user', content: [file] },
        { role: 'assistant', content: [toolUse('a', 'A')] },
        { role: 'user', content: [toolResult('a', [gif])] },
      ],
    });
    assert.match(old.request.contents[0]?.parts[0]?.text ?? '', /^\[omitted: .*Files API/);
    const output = lastParts(old)[0]?.functionResponse?.response.output ?? '';
    assert.match(output, /^\[omitted: .*image\/gif; convert it to PNG/);
    assert.equal(old.warnings.length, 2);
  });

  it('render search results, tool references, summaries and found pages as text', () => {
    const search = {
      type: 'search_result',
      title: 'T',
      source: 'S',
      content: [{ type: 'text', text: 'found' }],
    };
    const encoded = encodeBody({
      messages: [
        { role: 'user', content: 'go' },
        {
          role: 'assistant',
          content: [
            { type: 'compaction', content: 'we met' },
            { type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
            { type: 'web_search_tool_result', content: [{ title: 'P', url: 'https://p' }] },
            toolUse('a', 'ToolSearch'),
          ],
        },
        {
          role: 'user',
          content: [toolResult('a', [{ type: 'tool_reference', tool_name: 'WebFetch' }]), search],
        },
      ],
    });
    assert.deepEqual(
      encoded.request.contents[1]?.parts.slice(0, 2).map(({ text }) => text),
      [
        'Summary of the conversation before this point:\nwe met',
        'Web pages found:\n- P: https://p',
      ],
    );
    assert.deepEqual(lastParts(encoded), [
      {
        functionResponse: {
          name: 'ToolSearch',
          response: { output: 'Tool WebFetch is available now.' },
        },
      },
      { text: 'Search result: T\nSource: S' },
      { text: 'found' },
    ]);
    assert.deepEqual(encoded.warnings, [
      'block server_tool_use dropped',
      'web_search_tool_result without its page contents',
    ]);
  });

  it('refuse a history of which nothing remains', () => {
    const messages = [{ role: 'user', content: [{ type: 'compaction', encrypted_content: 'x' }] }];
    assert.throws(() => encodeBody({ messages }), {
      type: 'invalid_request_error',
      message: /^messages: nothing in them/,
    });
  });
});
