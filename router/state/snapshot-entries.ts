import type { LRUCache } from 'lru-cache';
import type { z } from 'zod';

/** What a cache holds, in the order in which it must be put back: the entry unused for longest first. */
export function oldestFirst<Key extends object | string, Value extends object | string>(
  cache: LRUCache<Key, Value>,
): readonly (readonly [Key, Value])[] {
  return [...cache.entries()].reverse();
}

/** The entries of a list that are well-formed; nonsense is left out, entry by entry. No list = no entries. */
export function readEntries<Entry>(json: unknown, schema: z.ZodType<Entry>): readonly Entry[] {
  if (!Array.isArray(json)) return [];
  return json.flatMap((each) => {
    const read = schema.safeParse(each);
    return read.success ? [read.data] : [];
  });
}

/** A field of an unknown value; undefined = it has none. */
export function fieldOf(json: unknown, name: string): unknown {
  if (typeof json !== 'object' || json === null) return undefined;
  return Reflect.get(json, name);
}
