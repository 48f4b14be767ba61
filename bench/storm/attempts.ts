import type { SandboxControl } from '../../sandbox/control.ts';
import type { RecordedRequest } from '../../sandbox/recorded-request.ts';
import type { ProviderId } from '../../schemas/provider.ts';
import { stormRequestOf } from './clients.ts';

/** One attempt as the providers saw it. */
export interface SeenAttempt {
  readonly requestId: number;
  readonly record: RecordedRequest;
}

/** Collects what the providers saw before they forget it: call `collect` at least every thousand requests. */
export class SeenAttempts {
  readonly #control: SandboxControl;
  readonly #collected = new Set<number>();
  readonly all: SeenAttempt[] = [];

  /** What was there before does not count. */
  constructor(control: SandboxControl) {
    this.#control = control;
    for (const { sequence } of control.requests) this.#collected.add(sequence);
  }

  collect(): void {
    for (const record of this.#control.requests) {
      // Bodies arrive in another order than requests: a position would miss some.
      if (this.#collected.has(record.sequence)) continue;
      this.#collected.add(record.sequence);
      const requestId = stormRequestOf(record.body);
      if (requestId !== null) this.all.push({ requestId, record });
    }
  }
}

/** Milliseconds from the end of each failed attempt to the next one's arrival at another provider. */
export function switchTimes(attempts: readonly SeenAttempt[]): readonly number[] {
  const gapsMs: number[] = [];
  for (const records of byRequest(attempts).values()) {
    for (const [index, next] of records.entries()) {
      const failed = records[index - 1];
      if (failed === undefined || failed.provider === next.provider) continue;
      if (failed.endedAtMs !== null) gapsMs.push(next.startedAtMs - failed.endedAtMs);
    }
  }
  return gapsMs;
}

/** Each provider's share of the attempts, for each of `slices` equal parts of the time. */
export function sharesOverTime(
  attempts: readonly SeenAttempt[],
  providers: readonly ProviderId[],
  slices: number,
): readonly (readonly number[])[] {
  const starts = attempts.map(({ record }) => record.startedAtMs);
  const fromMs = Math.min(...starts);
  const sliceMs = (Math.max(...starts) - fromMs) / slices;
  const counts = Array.from({ length: slices }, () => providers.map(() => 0));
  for (const { record } of attempts) {
    const slice = Math.min(slices - 1, Math.floor((record.startedAtMs - fromMs) / sliceMs));
    const counted = counts[slice];
    const provider = providers.indexOf(record.provider);
    if (counted !== undefined) counted[provider] = (counted[provider] ?? 0) + 1;
  }
  return counts.map((counted) => {
    const all = counted.reduce((sum, one) => sum + one, 0);
    return counted.map((one) => (all === 0 ? 0 : one / all));
  });
}

/** The attempts of each request, in order. */
export function byRequest(attempts: readonly SeenAttempt[]): Map<number, RecordedRequest[]> {
  const records = new Map<number, RecordedRequest[]>();
  for (const { requestId, record } of attempts) {
    const known = records.get(requestId);
    if (known === undefined) records.set(requestId, [record]);
    else known.push(record);
  }
  for (const each of records.values()) each.sort((a, b) => a.startedAtMs - b.startedAtMs);
  return records;
}
