import { isLoopback } from './hosts.ts';
import type { Reader } from './reader.ts';

/** The keys that clients and administrators show us. */
export interface Keys {
  readonly gatewayApiKeys: readonly string[];
  readonly adminApiKey: string | null;
}

const KEY_CHARACTERS_MIN = 16;
/** What templates and examples put where a key belongs; only whole keys, for a random one may hold any word. */
const PLACEHOLDER =
  /^(sk-)?(<.*>|change[-_ ]?(me|this).*|replace[-_ ]?me.*|your[-_ ].*|(password|secret|default|placeholder).{0,10}|0?123456789\d*)$/i;
const ONE_CHARACTER = /^(.)\1*$/;
const MAKE_ONE = 'make one with: openssl rand -hex 24';

/** Reads the keys. Whoever reaches an open port spends the operator's money, so outside loopback there must be some. */
export function loadKeys(reader: Reader, host: string): Keys {
  const gatewayApiKeys = reader.list(reader.secret('GATEWAY_API_KEYS'));
  const adminApiKey = reader.secret('ADMIN_API_KEY');
  for (const key of gatewayApiKeys) checkKey(reader, 'GATEWAY_API_KEYS', key);
  if (adminApiKey !== null) {
    checkKey(reader, 'ADMIN_API_KEY', adminApiKey);
    if (gatewayApiKeys.includes(adminApiKey)) {
      reader.problems.push(`ADMIN_API_KEY is one of GATEWAY_API_KEYS: ${MAKE_ONE}`);
    }
  }
  const isPublishedOnLoopback = reader.flag('GATEWAY_PUBLISHED_ON_LOOPBACK', false);
  if (!isLoopback(host) && gatewayApiKeys.length === 0 && !isPublishedOnLoopback) {
    reader.problems.push(
      `GATEWAY_HOST is ${host}, which others can reach: set GATEWAY_API_KEYS (comma-separated), or bind 127.0.0.1`,
    );
  }
  return { gatewayApiKeys, adminApiKey };
}

function checkKey(reader: Reader, name: string, key: string): void {
  if (key.length < KEY_CHARACTERS_MIN) {
    reader.problems.push(
      `${name} holds a key of less than ${KEY_CHARACTERS_MIN} characters: ${MAKE_ONE}`,
    );
  } else if (PLACEHOLDER.test(key) || ONE_CHARACTER.test(key)) {
    reader.problems.push(`${name} holds a key that anyone would guess: ${MAKE_ONE}`);
  }
  reader.checkHeaderValue(name, key);
}
