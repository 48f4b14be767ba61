import { type KV, Kvm } from '@nats-io/kv';
import { LRUCache } from 'lru-cache';
import { LIMITS } from '../config/limits.ts';
import { KV_BUCKETS } from '../schemas/subjects.ts';
import { type ToolState, toolStateSchema } from '../schemas/tool-state.ts';
import type { Bus } from './connect.ts';
import type { Log } from './log.ts';

/** What providers must see again with their tool calls, shared by all workers, kept in JetStream KV. */
export interface ToolStates {
  /** The states that are known of these `tool_use` ids. Never rejects: what cannot be had is missing. */
  get(toolUseIds: readonly string[]): Promise<ReadonlyMap<string, ToolState>>;
  /** Keeps one. Returns at once; a failure is logged. */
  put(toolUseId: string, state: ToolState): void;
}

const KEY = /^[A-Za-z0-9_-]{1,128}$/;

/** Opens the store; the bucket is made by the first write or read that needs it. */
export function createToolStates(bus: Bus, { log }: { log: Log }): ToolStates {
  const recent = new LRUCache<string, ToolState>({
    maxSize: LIMITS.toolStatesCachedBytesMax,
    sizeCalculation: sizeOf,
  });
  const misses = new LRUCache<string, true>({
    max: LIMITS.toolStateMissesMax,
    ttl: LIMITS.toolStateMissMs,
  });
  const bucket = openOnce(bus);
  const load = async (id: string): Promise<ToolState | null> => {
    const entry = await (await bucket()).get(id);
    if (entry === null || entry.length === 0) return null;
    const parsed = toolStateSchema.safeParse(entry.json());
    return parsed.success ? parsed.data : null;
  };
  return {
    async get(toolUseIds) {
      const found = new Map<string, ToolState>();
      const missing: string[] = [];
      for (const id of new Set(toolUseIds)) {
        const known = recent.get(id);
        if (known !== undefined) found.set(id, known);
        else if (KEY.test(id) && !misses.has(id)) missing.push(id);
      }
      if (missing.length === 0) return found;
      const wanted = missing.slice(-LIMITS.toolStatesReadMax);
      const loaded = wanted.map(async (id) => {
        const state = await load(id);
        if (state === null) {
          misses.set(id, true);
          return;
        }
        found.set(id, state);
        recent.set(id, state);
      });
      const all = Promise.all(loaded).catch((error: unknown) =>
        log.warn({ error }, 'tool states could not be read'),
      );
      await atMost(LIMITS.toolStatesReadMsMax, all);
      return found;
    },
    put(toolUseId, state) {
      misses.delete(toolUseId);
      const json = JSON.stringify(state);
      recent.set(toolUseId, state, { size: json.length });
      if (!KEY.test(toolUseId) || json.length > LIMITS.toolStateBytesMax) return;
      bucket()
        .then((kv) => kv.put(toolUseId, json))
        .catch((error: unknown) => log.warn({ error }, 'a tool state could not be kept'));
    },
  };
}

// Made when it is first needed; a failure is forgotten, so that the next call tries again.
function openOnce(bus: Bus): () => Promise<KV> {
  let opened: Promise<KV> | null = null;
  return () => {
    opened ??= new Kvm(bus.connection).create(KV_BUCKETS.toolStates, {
      ttl: LIMITS.toolStateMsMax,
      history: 1,
      max_bytes: LIMITS.toolStatesBytesMax,
      maxValueSize: LIMITS.toolStateBytesMax,
    });
    opened.catch(() => {
      opened = null;
    });
    return opened;
  };
}

function sizeOf(state: ToolState): number {
  return JSON.stringify(state).length;
}

async function atMost(waitMs: number, work: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, waitMs);
  await Promise.race([work, late]);
  clearTimeout(timer);
}
