const CHUNK_CHARACTERS = 4;
const WORDS = [
  'lorem',
  'ipsum',
  'dolor',
  'sit a',
  'met, ',
  'conse',
  'ctetu',
  'r adi',
  'pisci',
  'ng. ',
];

/** Cuts a text into chunks of about four characters, never inside a surrogate pair. */
export function toChunks(text: string): string[] {
  const chunks: string[] = [];
  let start = 0;
  while (start < text.length) {
    let end = Math.min(start + CHUNK_CHARACTERS, text.length);
    if (end < text.length && isLowSurrogate(text.charCodeAt(end))) end += 1;
    chunks.push(text.slice(start, end));
    start = end;
  }
  return chunks;
}

/** Filler text of exactly `count` chunks. */
export function fillerChunks(count: number): string[] {
  return Array.from({ length: count }, (_, index) => WORDS[index % WORDS.length] as string);
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
