import type { HeaderPair } from '../../schemas/envelope.ts';

/** Takes out of a header value whatever could end the line: a header cannot be smuggled into an answer. Pure. */
export function safeValue(value: string): string {
  return UNSAFE.test(value) ? value.replace(UNSAFE_ALL, ' ') : value;
}

const UNSAFE = /[^\t\x20-\x7e]/;
const UNSAFE_ALL = /[^\t\x20-\x7e]/g;

/** The first value of a header (name in lower case). Pure. */
export function firstHeader(headers: readonly HeaderPair[], name: string): string | undefined {
  for (const [each, value] of headers) if (each === name) return value;
  return undefined;
}
