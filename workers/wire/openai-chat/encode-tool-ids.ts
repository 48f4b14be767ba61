import type { ToolState } from '../../../schemas/tool-state.ts';
import { hexDigest } from '../../translation/digest.ts';
import type { OpenaiFlavour } from './flavour.ts';

/** Some servers refuse longer ids. Source: protocol reference §7.1. */
const GOOD_ID = /^[a-zA-Z0-9_-]{1,40}$/;
const NINE_ALPHANUMERIC = /^[a-zA-Z0-9]{9}$/;
const DIGEST_DIGITS = 24;
const NINE = 9;

/** What the ids of one request are made with. */
export interface ToolIdsOptions {
  readonly style: OpenaiFlavour['toolIdStyle'];
  readonly providerId: string;
  readonly toolStates: ReadonlyMap<string, ToolState>;
}

/**
 * Gives every tool call of one request an id that the server takes: no two calls share one, and the same history gives
 * the same ids.
 */
export class ToolIds {
  readonly #options: ToolIdsOptions;
  readonly #used = new Set<string>();
  readonly #copies = new Map<string, number>();

  constructor(options: ToolIdsOptions) {
    this.#options = options;
  }

  /** The server's id for the next call with this `tool_use` id: its own where it gave one. */
  next(toolUseId: string): string {
    const state = this.#options.toolStates.get(toolUseId);
    const own = state?.provider === this.#options.providerId ? state.upstreamId : null;
    let id = own === null || own === '' ? this.#fit(toolUseId, toolUseId) : own;
    while (this.#used.has(id)) {
      const copy = (this.#copies.get(toolUseId) ?? 1) + 1;
      this.#copies.set(toolUseId, copy);
      id = this.#fit('', `${toolUseId} ${copy}`);
    }
    this.#used.add(id);
    return id;
  }

  #fit(id: string, seed: string): string {
    if (this.#options.style === 'nine-alphanumeric')
      return NINE_ALPHANUMERIC.test(id) ? id : hexDigest(seed, NINE);
    return GOOD_ID.test(id) ? id : `call_${hexDigest(seed, DIGEST_DIGITS)}`;
  }
}
