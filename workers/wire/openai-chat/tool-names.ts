import { hexDigest } from '../../translation/digest.ts';

const NAME_CHARACTERS_MAX = 64;
const GOOD_NAME = /^[a-zA-Z0-9_-]{1,64}$/;
const BAD_CHARACTERS = /[^a-zA-Z0-9_-]/g;
const DIGEST_DIGITS = 8;
const KEPT_CHARACTERS = NAME_CHARACTERS_MAX - DIGEST_DIGITS - 1;

/**
 * Respells tool names that OpenAI's pattern `^[a-zA-Z0-9_-]{1,64}$` refuses, the same way in every request.
 *
 * Source: protocol reference §6; MCP names (`mcp__server__tool`) reach 64 characters easily.
 */
export class ToolNames {
  readonly #respelled = new Map<string, string>();
  readonly #clientNames = new Map<string, string>();

  /** The provider's name of a tool. */
  encode(name: string): string {
    if (GOOD_NAME.test(name)) return name;
    const known = this.#respelled.get(name);
    if (known !== undefined) return known;
    const kept = name.replace(BAD_CHARACTERS, '_').slice(0, KEPT_CHARACTERS);
    const encoded = `${kept}_${hexDigest(name, DIGEST_DIGITS)}`;
    this.#respelled.set(name, encoded);
    this.#clientNames.set(encoded, name);
    return encoded;
  }

  /** The provider's name → the client's, of those that were respelled. */
  get clientNames(): ReadonlyMap<string, string> {
    return this.#clientNames;
  }
}
