import { LIMITS } from '../../config/limits.ts';
import type { ConfiguredWindow } from '../../config/load-rate-limits.ts';
import { WINDOW_KINDS, type WindowKind, type WindowReading } from '../../schemas/observation.ts';
import { adapterOf, type ProviderId } from '../../schemas/provider.ts';
import type { WindowView } from '../../schemas/routing.ts';
import { type Amounts, making } from './window-amounts.ts';
import { periodOf } from './window-published.ts';
import { type CountedAttempt, WindowState } from './window-state.ts';

/** Windows that every model of an account has from the beginning. */
export const COUNTED_PERIOD_MS = 60_000;

/** Whose windows: an account's for one model, or (null) those that all its models share. */
export interface ScopePlace {
  readonly provider: ProviderId;
  readonly account: string;
  readonly upstreamModel: string | null;
}

/** A forecast in the making: each window may worsen it. */
export interface Verdict {
  headroom: number;
  isOverThreshold: boolean;
  closedForMs: number;
  limitedBy: WindowKind | null;
}

/** The windows of one account and model, or of one account, and the attempts that are open there. */
export class WindowScope {
  readonly place: ScopePlace;
  /** By attempt id, in the order of their start. */
  readonly open = new Map<string, CountedAttempt>();
  /** Starts of the streams among them whose upstream has not answered. */
  readonly waiting = new Map<string, number>();
  readonly windows: WindowState[] = [];
  /** When an attempt started or ended there last. */
  usedAtMs = 0;
  /** A refusal that named no window closes them all. */
  closedUntilMs = Number.NEGATIVE_INFINITY;
  readonly #configured: readonly ConfiguredWindow[];

  constructor(place: ScopePlace, configured: readonly ConfiguredWindow[]) {
    this.place = place;
    this.#configured = configured;
    for (const { kind, periodMs } of configured) this.window(kind, periodMs);
    // Counted from the beginning: a refusal teaches what was counted.
    if (place.upstreamModel !== null)
      for (const kind of WINDOW_KINDS) this.window(kind, COUNTED_PERIOD_MS);
  }

  /** The window of this kind and length, made when there is none; of too many lengths the last one stands in. */
  window(kind: WindowKind, periodMs: number): WindowState {
    const found = this.windows.find((each) => each.kind === kind && each.periodMs === periodMs);
    if (found !== undefined) return found;
    const last = this.windows.at(-1);
    if (last !== undefined && this.windows.length >= LIMITS.rateWindowsPerTargetMax) return last;
    const limits = this.#configured
      .filter((each) => each.kind === kind && each.periodMs === periodMs)
      .map(({ limit }) => limit);
    const made = new WindowState(kind, periodMs, {
      configured: limits.length === 0 ? null : Math.min(...limits),
      // Anthropic's buckets fill up continuously. Source: their rate-limit page.
      isRefilling: adapterOf(this.place.provider) === 'anthropic',
    });
    for (const attempt of this.open.values()) made.started(attempt);
    this.windows.push(made);
    return made;
  }

  started(attemptId: string, attempt: CountedAttempt, isWaiting: boolean): void {
    this.open.set(attemptId, attempt);
    if (isWaiting) this.waiting.set(attemptId, attempt.startedAtMs);
    this.usedAtMs = attempt.startedAtMs;
    for (const window of this.windows) window.started(attempt);
  }

  /** An attempt of a snapshot: its counts are there already. */
  reopened(attemptId: string, attempt: CountedAttempt, isWaiting: boolean): void {
    this.open.set(attemptId, attempt);
    if (isWaiting) this.waiting.set(attemptId, attempt.startedAtMs);
    for (const window of this.windows) window.pending += making(window.kind, attempt.reserved);
  }

  ended(attemptId: string, attempt: CountedAttempt, real: Amounts, nowMs: number): void {
    this.open.delete(attemptId);
    this.waiting.delete(attemptId);
    this.usedAtMs = nowMs;
    for (const window of this.windows) window.ended(attempt, real, nowMs);
  }

  read(
    reading: WindowReading,
    origin: { startedAtMs: number; sequence: number },
    nowMs: number,
  ): void {
    if (reading.limit === null && reading.remaining === null) return;
    const window = this.window(reading.kind, periodOf(reading));
    const spent = window.amountsSince(this.open.values(), origin.sequence);
    window.read(reading, { ...origin, spent }, nowMs);
  }

  /** Forgets closures and limits that were told or learned. */
  forget(): void {
    this.closedUntilMs = Number.NEGATIVE_INFINITY;
    for (const window of this.windows) window.forget();
  }

  isClosed(nowMs: number): boolean {
    return (
      nowMs < this.closedUntilMs || this.windows.some(({ closedUntilMs }) => nowMs < closedUntilMs)
    );
  }

  judge(verdict: Verdict, extra: Amounts, threshold: number, nowMs: number): void {
    judgeClosure(verdict, 'requests', { closedUntilMs: this.closedUntilMs, threshold, nowMs });
    for (const window of this.windows) {
      const { kind, closedUntilMs } = window;
      judgeClosure(verdict, kind, { closedUntilMs, threshold, nowMs });
      const after = window.after(extra, nowMs);
      if (after === null) continue;
      if (after.share < 1 - threshold - ROUNDING) verdict.isOverThreshold = true;
      worsen(verdict, kind, after.share, after.fitsInMs);
    }
  }

  views(nowMs: number): WindowView[] {
    return this.windows
      .map((window) => {
        const closedUntilMs = Math.max(window.closedUntilMs, this.closedUntilMs);
        return window.view(this.place.upstreamModel, Math.max(0, closedUntilMs - nowMs), nowMs);
      })
      .filter(({ limit, used, closedForMs }) => limit !== null || used > 0 || closedForMs > 0);
  }
}

const ROUNDING = 1e-9;

// After a closure a window stands at its threshold first, and recovers within some seconds.
function judgeClosure(
  verdict: Verdict,
  kind: WindowKind,
  at: { closedUntilMs: number; threshold: number; nowMs: number },
): void {
  const sinceMs = at.nowMs - at.closedUntilMs;
  if (sinceMs >= LIMITS.rateReopenMs) return;
  const recovered = Math.max(0, sinceMs) / LIMITS.rateReopenMs;
  const share = sinceMs < 0 ? 0 : 1 - at.threshold + at.threshold * recovered;
  worsen(verdict, kind, share, Math.max(0, -sinceMs));
}

function worsen(verdict: Verdict, kind: WindowKind, share: number, closedForMs: number): void {
  const isLonger = closedForMs > verdict.closedForMs;
  const isTighter = verdict.closedForMs === 0 && share < verdict.headroom;
  if (isLonger || isTighter) verdict.limitedBy = kind;
  verdict.closedForMs = Math.max(verdict.closedForMs, closedForMs);
  verdict.headroom = Math.max(0, Math.min(verdict.headroom, share));
}
