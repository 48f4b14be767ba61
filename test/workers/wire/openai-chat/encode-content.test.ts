import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OPENROUTER_FLAVOUR } from '../../../../workers/wire/openai-chat/flavour.ts';
import { type EncodeOptions, encode } from '../../support/openai-encode.ts';

const OPENROUTER = { flavour: OPENROUTER_FLAVOUR };
const pdf = (source: object = { type: 'base64', media_type: 'application/pdf', data: 'JVBE' }) => ({
  type: 'document',
  source,
});

function sent(block: object, options: EncodeOptions = {}) {
  const { body, warnings } = encode({ messages: [{ role: 'user', content: [block] }] }, options);
  return { content: body.messages[0]?.content, warnings };
}

describe('the row "image base64 / url"', () => {
  it('is an image_url: a data URL, or the address', () => {
    const base64 = { type: 'base64', media_type: 'image/webp', data: 'AAAA' };
    assert.deepEqual(sent({ type: 'image', source: base64 }).content, [
      { type: 'image_url', image_url: { url: 'data:image/webp;base64,AAAA' } },
    ]);
    const url = 'https://example.test/a.gif';
    assert.deepEqual(sent({ type: 'image', source: { type: 'url', url } }).content, [
      { type: 'image_url', image_url: { url } },
    ]);
  });

  it('becomes a note for a model without vision', () => {
    const source = { type: 'base64', media_type: 'image/png', data: 'AAAA' };
    const { content, warnings } = sent({ type: 'image', source }, { model: { hasImages: false } });
    assert.equal(content, '[image omitted: model has no vision]');
    assert.deepEqual(warnings, ['image dropped: the model has no vision']);
  });

  it('is refused when its source is broken', () => {
    for (const source of [undefined, 'x', { type: 'base64' }, { type: 'url' }, { type: 'odd' }]) {
      assert.throws(() => sent({ type: 'image', source }), {
        type: 'invalid_request_error',
        message: /image\.source/,
      });
    }
  });
});

describe('the row "image/document file_id"', () => {
  for (const type of ['image', 'document'])
    it(`refuses an uploaded ${type}, and leaves a note in old turns`, () => {
      const block = { type, source: { type: 'file', file_id: 'file_1' } };
      assert.throws(() => sent(block), {
        type: 'invalid_request_error',
        message: new RegExp(`${type}\\.source\\.type file`),
      });
      const messages = [
        { role: 'user', content: [block] },
        { role: 'assistant', content: 'seen' },
        { role: 'user', content: 'next' },
      ];
      const { body, warnings } = encode({ messages });
      assert.equal(body.messages[0]?.content, '[uploaded files omitted]');
      assert.deepEqual(warnings, [`${type}.source.type file dropped from an old turn`]);
    });
});

describe('the row "document pdf base64"', () => {
  it('is a file part with a data URL where the server or the model takes PDFs', () => {
    const expected = [
      {
        type: 'file',
        file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBE' },
      },
    ];
    const block = { ...pdf(), title: 'a.pdf' };
    assert.deepEqual(sent(block, OPENROUTER).content, expected);
    assert.deepEqual(sent(block, { model: { hasPdf: true } }).content, expected);
  });

  it('is refused elsewhere, a tool result of the loop that goes on too', () => {
    assert.throws(() => sent(pdf()), {
      type: 'invalid_request_error',
      message: /PDF documents/,
    });
    const messages = [
      { role: 'user', content: 'q' },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'Read', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: [pdf()] }] },
    ];
    assert.throws(() => encode({ messages }), { message: /PDF documents/ });
  });

  it('goes by its address only to servers that fetch files', () => {
    const block = pdf({ type: 'url', url: 'https://example.test/a.pdf' });
    assert.deepEqual(sent(block, OPENROUTER).content, [
      {
        type: 'file',
        file: { filename: 'document.pdf', file_data: 'https://example.test/a.pdf' },
      },
    ]);
    assert.throws(() => sent(block, { model: { hasPdf: true } }), { message: /PDF documents/ });
  });
});

describe('the row "document text / content"', () => {
  it('is text under its title and context, and tells that citations are lost', () => {
    const block = {
      type: 'document',
      title: 'Notes',
      context: 'of May',
      citations: { enabled: true },
      source: { type: 'text', media_type: 'text/plain', data: 'The grass is green.' },
    };
    const { content, warnings } = sent(block);
    assert.equal(content, 'Notes\nof May\nThe grass is green.');
    assert.deepEqual(warnings, ['citations dropped']);
  });

  it('keeps texts and images of content', () => {
    const image = { type: 'image', source: { type: 'url', url: 'https://x.test/a' } };
    const inner = [{ type: 'text', text: 'a' }, image, { type: 'text', text: 'b' }];
    assert.deepEqual(sent(pdf({ type: 'content', content: inner })).content, [
      { type: 'text', text: 'a\nb' },
      { type: 'image_url', image_url: { url: 'https://x.test/a' } },
    ]);
    assert.equal(sent(pdf({ type: 'content', content: 'plain' })).content, 'plain');
  });
});

describe('the row "search_result"', () => {
  it('is its title, source and text', () => {
    const block = {
      type: 'search_result',
      title: 'NATS',
      source: 'https://nats.io',
      content: [{ type: 'text', text: 'A message system.' }],
    };
    assert.equal(sent(block).content, 'NATS\nhttps://nats.io\nA message system.');
  });
});
