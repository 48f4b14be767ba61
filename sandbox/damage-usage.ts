import type { Fault, FaultOf } from './fault.ts';
import { isObject, type JsonObject } from './messages/json.ts';

const DAMAGE: Record<
  Exclude<FaultOf<'bad-usage'>['what'], 'missing'>,
  (count: number) => unknown
> = {
  negative: (count) => -count - 1,
  fractional: (count) => count + 0.5,
  text: (count) => String(count),
  enormous: (count) => count + 1e300,
};

/** Makes every count of a usage lie as the fault says, also those of its details; other faults change nothing. */
export function damagedUsage(usage: JsonObject, fault: Fault | null): JsonObject {
  if (fault?.kind !== 'bad-usage' || fault.what === 'missing') return usage;
  const damage = DAMAGE[fault.what];
  return Object.fromEntries(
    Object.entries(usage).map(([name, value]) => {
      if (isObject(value)) return [name, damagedUsage(value, fault)];
      return [name, typeof value === 'number' ? damage(value) : value];
    }),
  );
}

/** True when the answer is to say nothing of its usage. */
export function isUsageMissing(fault: Fault | null): boolean {
  return fault?.kind === 'bad-usage' && fault.what === 'missing';
}
