import { hash } from 'node:crypto';

/** The first hex digits (64 at most) of the SHA-256 of a text: the same text has the same digest everywhere. */
export function hexDigest(text: string, digits: number): string {
  return hash('sha256', text, 'hex').slice(0, digits);
}
