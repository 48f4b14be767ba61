import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { LIMITS } from '../../config/limits.ts';
import { providerIdSchema } from '../../schemas/provider.ts';
import { type Target, targetKey } from '../../schemas/target.ts';
import type { SessionHome } from '../knowledge.ts';
import { fieldOf, readEntries } from './snapshot-entries.ts';

interface Home {
  readonly target: Target;
  readonly cachedTokens: number;
  readonly cachedUntilMs: number;
  /** The conversation rather goes there until then, whether something is cached or not. */
  readonly untilMs: number;
}

interface Conversation {
  /** Last used first. */
  readonly homes: readonly Home[];
  /** Its last visit anywhere. */
  readonly servedAtMs: number;
}

const targetSchema = z.tuple([providerIdSchema, z.string(), z.string()]);
const forMs = z.number().min(0).max(LIMITS.conversationHomeMsMax);
/** Index of the target, tokens, milliseconds for which they are cached, milliseconds for which it is a home. */
const homeSchema = z.tuple([z.number().int().min(0), z.number().min(0), forMs, forMs]);
/** Name, milliseconds since the last visit, homes. */
const conversationSchema = z.tuple([
  z.string(),
  z.number().min(0),
  z.array(homeSchema).max(LIMITS.conversationHomesMax),
]);

/**
 * Where conversations were served: up to four homes each, as long as the provider keeps the prompt. A provider that
 * keeps nothing is a home for 5 minutes too: whoever served last should go on.
 */
export class Sessions {
  readonly #conversations = new LRUCache<string, Conversation>({ max: LIMITS.conversationsMax });

  /** A target answered. `ttlMs` 0 = the request asked for no cache; what an earlier one left there stays. */
  served(
    conversation: string,
    { provider, account, upstreamModel }: Target,
    { cachedTokens, ttlMs }: { cachedTokens: number; ttlMs: number },
    nowMs: number,
  ): void {
    const target = { provider, account, upstreamModel };
    const key = targetKey(target);
    const known = this.#conversations.get(conversation)?.homes ?? [];
    const before = known.find((home) => targetKey(home.target) === key);
    const keepMs = Math.min(LIMITS.conversationHomeMsMax, ttlMs);
    const cached =
      keepMs > 0
        ? { cachedTokens, cachedUntilMs: nowMs + keepMs }
        : {
            cachedTokens: before?.cachedTokens ?? 0,
            cachedUntilMs: before?.cachedUntilMs ?? nowMs,
          };
    const untilMs = Math.max(cached.cachedUntilMs, nowMs + LIMITS.conversationHomeMs);
    const others = known.filter((home) => home !== before && home.untilMs > nowMs);
    const homes = [{ target, ...cached, untilMs }, ...others].slice(0, LIMITS.conversationHomesMax);
    this.#conversations.set(conversation, { homes, servedAtMs: nowMs });
  }

  /** Last used first. `cachedTokens` and `warmForMs` are 0 at a home where nothing is cached (any more). */
  homes(conversation: string, nowMs: number): readonly SessionHome[] {
    const homes = this.#conversations.peek(conversation)?.homes ?? [];
    return homes
      .filter(({ untilMs }) => untilMs > nowMs)
      .map(({ target, cachedTokens, cachedUntilMs }) => {
        const warmForMs = cachedTokens > 0 ? Math.max(0, cachedUntilMs - nowMs) : 0;
        return { ...target, cachedTokens: warmForMs > 0 ? cachedTokens : 0, warmForMs };
      });
  }

  /**
   * JSON, times relative to `nowMs`: the conversations used last, those used last of all at the end. Between two parts
   * others may go on learning.
   */
  *parts(nowMs: number): Generator<unknown, void> {
    const names = this.#conversations.keys().take(LIMITS.conversationsKeptMax).toArray().reverse();
    for (let start = 0; start < names.length; start += LIMITS.conversationsPartMax) {
      yield this.#part(names.slice(start, start + LIMITS.conversationsPartMax), nowMs);
    }
  }

  /**
   * Takes over a part as of `nowMs`; a conversation of which a later visit is known stays as it is, and entries that are
   * nonsense are left out.
   */
  add(part: unknown, nowMs: number): void {
    const listed = fieldOf(part, 'targets');
    const targets = Array.isArray(listed) ? listed.map(readTarget) : [];
    const conversations = readEntries(fieldOf(part, 'conversations'), conversationSchema);
    for (const [name, ageMs, homes] of conversations) {
      const servedAtMs = nowMs - ageMs;
      const known = this.#conversations.peek(name);
      if (known !== undefined && known.servedAtMs >= servedAtMs) continue;
      const told = homes.flatMap(([place, cachedTokens, cachedForMs, homeForMs]) => {
        const target = targets[place] ?? null;
        if (target === null) return [];
        const cachedUntilMs = nowMs + cachedForMs;
        return [{ target, cachedTokens, cachedUntilMs, untilMs: nowMs + homeForMs }];
      });
      if (told.length > 0) this.#conversations.set(name, { homes: told, servedAtMs });
    }
  }

  // Each target is written once.
  #part(names: readonly string[], nowMs: number): unknown {
    const places = new Map<string, number>();
    const targets: z.infer<typeof targetSchema>[] = [];
    const placeOf = (target: Target): number => {
      const key = targetKey(target);
      const known = places.get(key);
      if (known !== undefined) return known;
      places.set(key, targets.length);
      return targets.push([target.provider, target.account, target.upstreamModel]) - 1;
    };
    const conversations = names.flatMap((name): z.infer<typeof conversationSchema>[] => {
      const known = this.#conversations.peek(name);
      const warm = known?.homes.filter(({ untilMs }) => untilMs > nowMs) ?? [];
      if (known === undefined || warm.length === 0) return [];
      const homes = warm.map(
        ({ target, cachedTokens, cachedUntilMs, untilMs }): z.infer<typeof homeSchema> => [
          placeOf(target),
          cachedTokens,
          leftOf(cachedUntilMs, nowMs),
          leftOf(untilMs, nowMs),
        ],
      );
      return [[name, Math.max(0, nowMs - known.servedAtMs), homes]];
    });
    return { targets, conversations };
  }
}

// A visit may be later than the moment of the parts.
function leftOf(untilMs: number, nowMs: number): number {
  return Math.min(LIMITS.conversationHomeMsMax, Math.max(0, untilMs - nowMs));
}

function readTarget(json: unknown): Target | null {
  const read = targetSchema.safeParse(json);
  if (!read.success) return null;
  const [provider, account, upstreamModel] = read.data;
  return { provider, account, upstreamModel };
}
