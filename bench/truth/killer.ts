import { setTimeout as sleep } from 'node:timers/promises';
import { between, type Random } from '../routing/random.ts';
import type { Victim } from './cluster.ts';

/** Who is killed, and how often. */
export interface KillerOptions {
  readonly victims: readonly Victim[];
  /** Milliseconds from one kill to the next: a mean. */
  readonly killMs: number;
  readonly random: Random;
  /** No further kills. */
  readonly signal: AbortSignal;
}

/** Who was killed when. */
export interface Kill {
  readonly name: string;
  /** Unix milliseconds. */
  readonly atMs: number;
}

/** How long a victim stays away. */
const AWAY_MS_MAX = 1_500;

/** Kills at random until it is told to stop; resolves with what it did, once all are back. */
export async function killAtRandom(options: KillerOptions): Promise<readonly Kill[]> {
  const { victims, killMs, random, signal } = options;
  const killed: Kill[] = [];
  const away = new Map<Victim, Promise<void>>();
  while (!signal.aborted) {
    await sleep(between(random, 0, 2 * killMs), undefined, { signal }).catch(() => {}); // told to stop
    const victim = victims[Math.floor(random() * victims.length)];
    const awayMs = between(random, 0, AWAY_MS_MAX);
    if (signal.aborted || victim === undefined || away.has(victim)) continue;
    killed.push({ name: victim.name, atMs: Date.now() });
    away.set(
      victim,
      victim.kill(awayMs).then(() => void away.delete(victim)),
    );
  }
  await Promise.all(away.values());
  return killed;
}
