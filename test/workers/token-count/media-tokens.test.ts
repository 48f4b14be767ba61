import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  IMAGE_TOKENS_MAX,
  imageSize,
  imageTokens,
} from '../../../workers/token-count/image-tokens.ts';
import { PDF_PAGE_TOKENS, pdfPages, pdfTokens } from '../../../workers/token-count/pdf-tokens.ts';

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

const PNG = hex('89504e47 0d0a1a0a 0000000d 49484452 00000320 00000258');
const GIF = hex('474946383961 2003 5802 f70000');
const JPEG = hex('ffd8 ffe0 0004 0000 ff ffdb 0003 00 ffc2 0011 08 0258 0320 03 000000');
const WEBP_HEAD = '52494646 00000000 57454250';
const WEBP_EXTENDED = hex(`${WEBP_HEAD} 56503858 0a000000 00000000 1f0300 570200`);
const WEBP_LOSSY = hex(`${WEBP_HEAD} 56503820 00000000 000000 9d012a 2003 5802`);
const WEBP_LOSSLESS = hex(`${WEBP_HEAD} 5650384c 00000000 2f 1fc39500 0000000000`);

const IMAGES = { PNG, GIF, JPEG, WEBP_EXTENDED, WEBP_LOSSY, WEBP_LOSSLESS };

for (const [name, bytes] of Object.entries(IMAGES)) {
  test(`the size of an image is read from its header: ${name}`, () => {
    assert.deepEqual(imageSize(bytes), { width: 800, height: 600 });
    assert.equal(imageTokens(bytes.toString('base64')), 640);
  });
}

test('a large image counts as it is scaled down, an unknown one as the most', () => {
  const large = Buffer.from(PNG);
  large.writeUInt32BE(16_000, 16);
  large.writeUInt32BE(1_600, 20);
  assert.equal(imageTokens(large.toString('base64')), Math.ceil((1_568 * 156.8) / 750));
  assert.equal(imageTokens('not an image'), IMAGE_TOKENS_MAX);
  assert.equal(imageTokens(''), IMAGE_TOKENS_MAX);
  assert.equal(imageTokens(Buffer.alloc(30).toString('base64')), IMAGE_TOKENS_MAX);
});

test('cut and damaged headers never throw and count within the limits', () => {
  const damaged = fc.tuple(
    fc.constantFrom(...Object.values(IMAGES)),
    fc.nat(40),
    fc.uint8Array({ maxLength: 40 }),
  );
  fc.assert(
    fc.property(damaged, ([image, cut, tail]) => {
      const bytes = Buffer.concat([image.subarray(0, cut), tail]);
      const tokens = imageTokens(bytes.toString('base64'));
      assert.ok(tokens >= 1 && tokens <= IMAGE_TOKENS_MAX);
    }),
  );
});

test('a PDF counts by its pages, else by its size', () => {
  const pages = '1 0 obj <</Type /Page /Parent 2 0 R>> 3 0 obj <</Type/Page>> <</Type /Pages>>';
  assert.equal(pdfPages(Buffer.from(pages)), 2);
  assert.equal(pdfPages(Buffer.from('<</Type /Pages /Count 12>>')), 12);
  assert.equal(pdfPages(Buffer.alloc(120_000)), 3);
  assert.equal(pdfPages(Buffer.alloc(0)), 1);
  assert.equal(pdfPages(Buffer.from('/Count 9999')), 600);
  assert.equal(pdfTokens(Buffer.from(pages).toString('base64')), 2 * PDF_PAGE_TOKENS);
});
