import { LIMITS } from '../config/limits.ts';
import type { HeaderPair } from '../schemas/envelope.ts';

const NOT_FORWARDED = new Set([
  // They describe this connection (RFC 9110 §7.6.1) or the body's framing on it.
  ...['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect'],
  ...['host', 'content-length', 'content-encoding', 'http2-settings'],
  // The worker decodes what the upstream sends, so it says which encodings it knows.
  'accept-encoding',
  // The client's credentials are for us: they may even be a claude.ai token, which no third party may see.
  ...['authorization', 'x-api-key', 'api-key', 'x-goog-api-key', 'x-auth-token', 'cookie'],
  // Where the client is and which page it shows is nobody's business upstream.
  ...['forwarded', 'x-real-ip', 'origin', 'referer'],
]);
const NOT_FORWARDED_PREFIXES = ['proxy-', 'x-gateway-', 'x-forwarded-', 'sec-'];

/**
 * Keeps the client's headers that may travel to a worker, in order, values unchanged.
 *
 * Out go hop-by-hop headers (those that `connection` names too), credentials, and what names the client's address;
 * unknown headers stay, for a provider may know them. At most `headersMax` and `headerBytesMax`.
 */
export function forwardHeaders(headers: readonly HeaderPair[]): readonly HeaderPair[] {
  const perHop = connectionOptions(headers);
  const forwarded: HeaderPair[] = [];
  let bytes = 0;
  for (const pair of headers) {
    const [name, value] = pair;
    if (!isForwarded(name) || perHop.has(name)) continue;
    bytes += name.length + value.length;
    if (forwarded.length >= LIMITS.headersMax || bytes > LIMITS.headerBytesMax) break;
    forwarded.push(pair);
  }
  return forwarded;
}

function isForwarded(name: string): boolean {
  if (NOT_FORWARDED.has(name)) return false;
  return !NOT_FORWARDED_PREFIXES.some((prefix) => name.startsWith(prefix));
}

function connectionOptions(headers: readonly HeaderPair[]): ReadonlySet<string> {
  let options: Set<string> | null = null;
  for (const [name, value] of headers) {
    if (name !== 'connection') continue;
    options ??= new Set();
    for (const option of value.split(',')) options.add(option.trim().toLowerCase());
  }
  return options ?? NO_OPTIONS;
}

const NO_OPTIONS: ReadonlySet<string> = new Set();
