/** Tokens of an image whose size is not known: the most a provider charges. */
export const IMAGE_TOKENS_MAX = 1_600;

// https://platform.claude.com/docs/en/build-with-claude/vision: tokens = width × height ÷ 750.
const PIXELS_PER_TOKEN = 750;
// Larger images are scaled down to this edge.
const EDGE_PIXELS_MAX = 1_568;
// The size stands in the first bytes; a JPEG may have a preview and a colour profile before it.
const HEADER_BASE64_CHARACTERS = 262_144;

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Tokens of an image in base64, from the size in its PNG, JPEG, GIF or WebP header; the most when it has none. */
export function imageTokens(base64: string): number {
  const size = imageSize(Buffer.from(base64.slice(0, HEADER_BASE64_CHARACTERS), 'base64'));
  if (size === null || size.width === 0 || size.height === 0) return IMAGE_TOKENS_MAX;
  const scale = Math.min(1, EDGE_PIXELS_MAX / Math.max(size.width, size.height));
  const pixels = size.width * scale * (size.height * scale);
  return Math.min(IMAGE_TOKENS_MAX, Math.max(1, Math.ceil(pixels / PIXELS_PER_TOKEN)));
}

/** Width and height in pixels of a PNG, JPEG, GIF or WebP image; null when the bytes are none of them. */
export function imageSize(bytes: Buffer): Size | null {
  if (bytes.length < 10) return null;
  if (bytes.readUInt32BE(0) === 0x89504e47) return pngSize(bytes);
  if (bytes.readUInt16BE(0) === 0xffd8) return jpegSize(bytes);
  if (bytes.toString('latin1', 0, 3) === 'GIF') {
    return { width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) };
  }
  return bytes.toString('latin1', 0, 4) === 'RIFF' ? webpSize(bytes) : null;
}

function pngSize(bytes: Buffer): Size | null {
  if (bytes.length < 24) return null;
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}

// Segments follow one another; the size stands in the start-of-frame segment.
function jpegSize(bytes: Buffer): Size | null {
  let at = 2;
  while (at + 9 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1] ?? 0;
    if (isStartOfFrame(marker)) {
      return { height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) };
    }
    // 0xff may be repeated before a marker.
    at += marker === 0xff ? 1 : 2 + bytes.readUInt16BE(at + 2);
  }
  return null;
}

// 0xc0 to 0xcf but the tables (c4), the extension (c8) and the arithmetic conditioning (cc).
function isStartOfFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}

function webpSize(bytes: Buffer): Size | null {
  if (bytes.length < 30) return null;
  switch (bytes.toString('latin1', 12, 16)) {
    case 'VP8X':
      return { width: 1 + bytes.readUIntLE(24, 3), height: 1 + bytes.readUIntLE(27, 3) };
    case 'VP8L': {
      const bits = bytes.readUInt32LE(21);
      return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
    }
    case 'VP8 ':
      return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
    default:
      return null;
  }
}
