import { randomBytes } from 'node:crypto';

/** Bytes of chance in an id: 24 hex digits. */
const FRESH_BYTES = 12;

/** A new `tool_use` id, in Anthropic's form: 30 characters, which every provider accepts. */
export function freshToolId(): string {
  return `toolu_${randomBytes(FRESH_BYTES).toString('hex')}`;
}
