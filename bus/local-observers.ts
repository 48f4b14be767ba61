import type { ObservationBatch } from '../schemas/observation.ts';
import type { Bus } from './connect.ts';

/** Hears a batch as it leaves its process. Never throws and changes nothing in it. */
export type LocalObserver = (batch: ObservationBatch) => void;

const observers = new WeakMap<Bus, Set<LocalObserver>>();

/** Who learns from observations in the process of a connection. */
export function observersOf(bus: Bus): Set<LocalObserver> {
  const known = observers.get(bus);
  if (known !== undefined) return known;
  const made = new Set<LocalObserver>();
  observers.set(bus, made);
  return made;
}
