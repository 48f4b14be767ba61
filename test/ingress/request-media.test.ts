import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../config/limits.ts';
import { readMedia } from '../../ingress/request-media.ts';

function media(value: unknown, indent?: number) {
  return readMedia(Buffer.from(JSON.stringify(value, null, indent)));
}

function base64Block(type: 'image' | 'document', mediaType: string, bytes: number) {
  return {
    type,
    source: { type: 'base64', media_type: mediaType, data: 'QUJD'.repeat(bytes / 4) },
  };
}

test('text is no file', () => {
  const nothing = { hasImages: false, files: { bytes: 0, tokens: 0 } };
  assert.deepEqual(media({ text: 'x'.repeat(3_800) }), nothing);
  assert.deepEqual(readMedia(Buffer.from('{}')), nothing);
});

test('an image counts as much as models charge, not by its bytes', () => {
  for (const indent of [0, 2]) {
    const { hasImages, files } = media(
      { messages: [{ content: [base64Block('image', 'image/png', 4_000_000)] }] },
      indent,
    );
    assert.equal(hasImages, true);
    assert.deepEqual(files, { bytes: 4_000_000, tokens: 1_600 });
  }
});

test('a document counts by its size, and each file on its own', () => {
  const one = media([base64Block('document', 'application/pdf', 400_000)]);
  assert.equal(one.hasImages, false);
  assert.deepEqual(one.files, { bytes: 400_000, tokens: 10_000 });
  const mixed = media([
    base64Block('document', 'application/pdf', 400_000),
    base64Block('image', 'image/png', 400_000),
    base64Block('image', 'image/jpeg', 400_000),
  ]);
  assert.equal(mixed.hasImages, true);
  assert.deepEqual(mixed.files, { bytes: 1_200_000, tokens: 13_200 });
});

test('a media type after the data counts too', () => {
  const source = { data: 'QUJD'.repeat(100_000), media_type: 'application/pdf', type: 'base64' };
  assert.equal(media([{ type: 'document', source }]).files.tokens, 10_000);
});

test('images by address and inside tool results are seen', () => {
  assert.equal(
    media({ type: 'image', source: { type: 'url', url: 'https://a.test/b.png' } }).hasImages,
    true,
  );
  const nested = { type: 'tool_result', content: [base64Block('image', 'image/png', 400)] };
  assert.equal(media({ messages: [{ content: [nested] }] }, 2).hasImages, true);
});

test('words that only look like images are none', () => {
  const text = 'a block {"type":"image","source":{"type":"base64","data":"x"}} in prose';
  assert.equal(media({ messages: [{ role: 'user', content: text }] }).hasImages, false);
  assert.equal(
    media({ enum: ['image'], source: 1, kind: 'image', image: { type: 'file' } }).hasImages,
    false,
  );
});

test('hostile numbers of files are looked at up to a limit', () => {
  const tiny = '{"type":"base64","data":"x"}';
  const bytes = Buffer.from(`{"source":[${tiny}${`,${tiny}`.repeat(500_000)}]}`);
  const startMs = performance.now();
  assert.equal(readMedia(bytes).files.bytes, LIMITS.mediaEstimatedMax);
  assert.ok(performance.now() - startMs < 1_000);
});
