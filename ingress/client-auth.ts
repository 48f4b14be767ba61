import { createHash, timingSafeEqual } from 'node:crypto';
import { GatewayError } from '../schemas/error.ts';

const KEY_ID_CHARACTERS = 16;
const BEARER = /^Bearer +(\S+) *$/i;

/**
 * Identifies the client of a request by its headers: the first 16 hex digits of its key's SHA-256, or null when the
 * gateway has no client keys. Throws GatewayError 401.
 */
export type ClientAuth = (header: (name: string) => string | undefined) => string | null;

/**
 * Makes the check of client keys: one of them must come as `x-api-key` or as `Authorization: Bearer`.
 *
 * Claude Code's key helper sends both, so either may match. Without keys everybody is accepted. Keeps hashes only.
 * Throws Error when a key is empty.
 */
export function createClientAuth(keys: readonly string[]): ClientAuth {
  if (keys.some((key) => key.trim() === '')) throw new Error('a client key is empty');
  if (keys.length === 0) return () => null;
  const hashes = new Map(keys.map((key) => [sha256(key).toString('hex'), sha256(key)]));
  return (header) => {
    const credentials = credentialsOf(header);
    for (const credential of credentials) {
      const clientKeyId = matchedKeyId(hashes, credential);
      if (clientKeyId !== null) return clientKeyId;
    }
    const reason = credentials.length === 0 ? 'x-api-key header is required' : 'invalid x-api-key';
    throw new GatewayError('authentication_error', reason);
  };
}

/** The credentials that a request shows: `x-api-key`, then `Authorization: Bearer`. */
export function credentialsOf(header: (name: string) => string | undefined): readonly string[] {
  const bearer = BEARER.exec(header('authorization') ?? '')?.[1];
  return [header('x-api-key'), bearer].filter((credential) => credential !== undefined);
}

// The map is keyed by the hash, so its timing tells nothing of a key; the comparison then decides.
function matchedKeyId(hashes: ReadonlyMap<string, Buffer>, credential: string): string | null {
  const hash = sha256(credential);
  const hex = hash.toString('hex');
  const known = hashes.get(hex);
  if (known === undefined || !timingSafeEqual(known, hash)) return null;
  return hex.slice(0, KEY_ID_CHARACTERS);
}

/** The SHA-256 digest of a credential: what is kept and compared in its stead. */
export function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
