import { setImmediate as turn } from 'node:timers/promises';
import { z } from 'zod';
import type { Lease } from '../bus/lease.ts';
import type { Log } from '../bus/log.ts';
import type { RoutingStore } from '../bus/routing-store.ts';
import { LIMITS } from '../config/limits.ts';
import type { Brain } from './brain.ts';

/** What keeps the homes of conversations. */
export interface KeptHomesOptions {
  readonly brain: Pick<Brain, 'changes' | 'homesInParts' | 'adoptHomes'>;
  readonly store: Pick<RoutingStore, 'readConversations' | 'putConversations'>;
  readonly lease: Pick<Lease, 'isHeld'>;
  readonly log: Log;
  /** The clock of `brain`. */
  clock(): number;
}

const keptSchema = z.object({
  v: z.literal(1),
  /** Unix milliseconds. */
  atMs: z.number(),
  parts: z.array(z.unknown()),
});

/**
 * Keeps where conversations are at home: they are many and a loss costs a cold prompt each, so they are written seldom,
 * and in parts, between which the process does other work.
 */
export class KeptHomes {
  readonly #options: KeptHomesOptions;
  #changesWritten = 0;
  #writtenAtMs = Number.NEGATIVE_INFINITY;
  #revisionRead = 0;

  constructor(options: KeptHomesOptions) {
    this.#options = options;
  }

  /** Writes them when something was learned and `conversationsKeptMs` are over. */
  async writeNowAndThen(): Promise<void> {
    if (this.#options.clock() - this.#writtenAtMs >= LIMITS.conversationsKeptMs) await this.write();
  }

  /** Writes them when something was learned. Throws when the store does not answer. */
  async write(): Promise<void> {
    const { brain, store, lease, clock } = this.#options;
    const { changes } = brain;
    if (changes === this.#changesWritten) return;
    const atMs = clock();
    const parts: string[] = [];
    for (const part of brain.homesInParts(atMs)) {
      parts.push(JSON.stringify(part));
      await turn();
    }
    if (!lease.isHeld) return;
    await store.putConversations(`{"v":1,"atMs":${atMs},"parts":[${parts.join()}]}`);
    this.#changesWritten = changes;
    this.#writtenAtMs = atMs;
  }

  /** Takes over what was kept, once. Throws when the store does not answer. */
  async adopt(): Promise<void> {
    const { brain, store, clock } = this.#options;
    const stored = await store.readConversations();
    if (stored === null || stored.revision === this.#revisionRead) return;
    const kept = this.#parse(stored.json);
    this.#revisionRead = stored.revision;
    if (kept === null) return;
    for (const part of kept.parts) {
      brain.adoptHomes(part, kept.atMs, clock());
      await turn();
    }
  }

  #parse(json: string): z.infer<typeof keptSchema> | null {
    try {
      return keptSchema.parse(JSON.parse(json));
    } catch (error) {
      this.#options.log.warn({ error }, 'the homes of conversations cannot be read');
      return null;
    }
  }
}
