import type { HeaderPair } from '../schemas/envelope.ts';

/** Never sent on: they belong to one connection, to the client's credentials, or are set by the gateway. */
const NEVER_FORWARDED = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'host',
  'content-length',
  'content-encoding',
  'content-type',
  'accept-encoding',
  'authorization',
  'x-api-key',
  'x-goog-api-key',
  'api-key',
  'cookie',
  'forwarded',
]);
const FIXED: readonly HeaderPair[] = [
  ['content-type', 'application/json'],
  ['accept-encoding', 'identity'],
];

/** Every header of the client that may travel, unknown ones included, and the gateway's own after them. */
export function forwardedHeaders(
  headers: readonly HeaderPair[],
  own: readonly HeaderPair[],
): readonly HeaderPair[] {
  const forwarded = headers.filter(
    ([name]) =>
      !NEVER_FORWARDED.has(name) && !name.startsWith('x-forwarded-') && !isAmong(own, name),
  );
  forwarded.push(...FIXED, ...own);
  return forwarded;
}

function isAmong(headers: readonly HeaderPair[], wanted: string): boolean {
  return headers.some(([name]) => name === wanted);
}

/** The client's headers of these names only, and the gateway's own after them. */
export function chosenHeaders(
  headers: readonly HeaderPair[],
  names: readonly string[],
  own: readonly HeaderPair[],
): readonly HeaderPair[] {
  return [...headers.filter(([name]) => names.includes(name)), ...FIXED, ...own];
}

/** The values of a comma-separated header, over all its lines. */
export function listHeader(headers: readonly HeaderPair[], wanted: string): readonly string[] {
  return headers
    .filter(([name]) => name === wanted)
    .flatMap(([, value]) => value.split(','))
    .map((value) => value.trim())
    .filter((value) => value !== '');
}
