import type { HeaderPair } from '../schemas/envelope.ts';
import type { ProviderId } from '../schemas/provider.ts';

/** Relayed from every provider. */
const RELAYED = new Set(['retry-after', 'retry-after-ms', 'x-should-retry']);
/** The first of these names the request at the upstream. */
const REQUEST_ID_NAMES: readonly string[] = ['request-id', 'x-request-id', 'x-generation-id'];

/**
 * The upstream's headers that the client may see.
 *
 * `anthropic-*` comes from Anthropic itself only: Claude Code tells a plan limit from a throttle by their presence.
 * The upstream's request id becomes `x-upstream-request-id`; `request-id` is the gateway's own. Source: protocol §1.11.
 */
export function clientHeaders(
  providerId: ProviderId,
  headers: readonly HeaderPair[],
): readonly HeaderPair[] {
  const relayed: HeaderPair[] = [];
  let requestId: string | null = null;
  let rank = REQUEST_ID_NAMES.length;
  for (const pair of headers) {
    const [name, value] = pair;
    const isRelayed = RELAYED.has(name) || (providerId === 'anthropic' && isAnthropicHeader(name));
    if (isRelayed) relayed.push(pair);
    const nameRank = name.endsWith('-id') ? REQUEST_ID_NAMES.indexOf(name) : -1;
    if (nameRank === -1 || nameRank >= rank) continue;
    rank = nameRank;
    requestId = value;
  }
  if (requestId !== null) relayed.push(['x-upstream-request-id', requestId]);
  return relayed;
}

// The organization id names the account that pays.
function isAnthropicHeader(name: string): boolean {
  return name.startsWith('anthropic-') && name !== 'anthropic-organization-id';
}
