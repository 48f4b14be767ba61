import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../config/limits.ts';
import type { Budget } from '../../config/load-budgets.ts';
import { BudgetAttempts } from '../../ingress/budget-attempts.ts';
import { BudgetBook } from '../../ingress/budget-book.ts';
import { spendLimitMessage } from '../../ingress/budget-refusal.ts';
import { type Payer, resetMs } from '../../ingress/budget-sums.ts';
import { spendingReport } from '../../ledger/budget-report.ts';
import { emptyState } from '../../ledger/state/ledger-state.ts';
import { attemptMark, type SpendingReport } from '../../schemas/budget.ts';
import type { ProviderId } from '../../schemas/provider.ts';
import { reservation, reserved, usageEvent, used, type Written } from '../ledger/support/events.ts';
import { foldLogged } from '../ledger/support/rig.ts';

const NOON_MS = Date.UTC(2026, 10, 22, 12);
const PROVIDERS = ['anthropic', 'openrouter'] as const;
const KEYS = ['aa', 'bb', null] as const;
const SCOPES = ['global', 'provider', 'key'] as const;
const BUDGETS: readonly Budget[] = [
  { scope: 'global', name: null, period: 'day', picodollars: 1_000n },
  { scope: 'global', name: null, period: 'month', picodollars: 1_500n },
  { scope: 'provider', name: 'open*', period: 'day', picodollars: 300n },
  { scope: 'key', name: null, period: 'month', picodollars: 500n },
];

interface Attempt extends Payer {
  readonly requestId: string;
  readonly provider: ProviderId;
  readonly max: bigint;
  readonly actual: bigint;
  isReserved: boolean;
  isFinished: boolean;
  /** The worker has told the ingress what it cost. */
  isCostKnown: boolean;
  endedAtMs: number | null;
}

/** One ingress with its book, workers that publish, a ledger that folds and reports, and what is true. */
class World {
  readonly book = new BudgetBook(BUDGETS);
  readonly #attempts: Attempt[] = [];
  readonly #log: Written[] = [];
  readonly #state = emptyState();
  readonly #reports: SpendingReport[] = [];
  #nowMs = NOON_MS;

  admit(
    provider: ProviderId,
    clientKeyId: string | null,
    max: bigint,
    actualPercent: number,
  ): void {
    const payer = { provider, clientKeyId };
    const limits = { nowMs: this.#nowMs, scopes: SCOPES };
    if (this.book.refusal(payer, max, limits) !== null) return;
    const requestId = `req_${String(this.#attempts.length).padStart(32, '0')}`;
    this.book.start(attemptMark(requestId, 0), payer, max);
    this.#attempts.push({
      ...payer,
      requestId,
      max,
      actual: (max * BigInt(actualPercent)) / 100n,
      isReserved: false,
      isFinished: false,
      isCostKnown: false,
      endedAtMs: null,
    });
    this.check();
  }

  reserve(index: number): void {
    const attempt = this.#pick(index, ({ isReserved }) => !isReserved);
    if (attempt !== undefined) this.#reserve(attempt);
  }

  finish(index: number): void {
    const attempt = this.#pick(index, ({ isFinished }) => !isFinished);
    if (attempt !== undefined) this.#finish(attempt);
  }

  /** The ingress sees the end, before or after the ledger hears of it. */
  end(index: number, isCostKnown: boolean): void {
    const attempt = this.#pick(index, ({ endedAtMs }) => endedAtMs === null);
    if (attempt === undefined) return;
    attempt.endedAtMs = this.#nowMs;
    attempt.isCostKnown = isCostKnown;
    const cost = isCostKnown ? attempt.actual : null;
    this.book.end(attemptMark(attempt.requestId, 0), cost, this.#nowMs);
  }

  fold(count: number): void {
    for (const { subject, event } of this.#log.splice(0, count)) {
      const data = Buffer.from(JSON.stringify(event));
      const sequence = this.#state.sequence + 1;
      foldLogged(this.#state, { sequence, storedAtMs: this.#nowMs, subject, data });
    }
  }

  report(): void {
    this.#reports.push(spendingReport(this.#state, { nowMs: this.#nowMs, heardMs: this.#nowMs }));
  }

  /** Any report that was ever made, also one that was told before. */
  deliver(index: number): void {
    const report = this.#reports[index % Math.max(1, this.#reports.length)];
    if (report !== undefined) this.book.take(report);
  }

  /** What the book relies on: a ledger that reports has heard of an end within `budgetSettleMs`. */
  advance(ms: number): void {
    this.#nowMs += ms;
    for (const attempt of this.#attempts) {
      const { endedAtMs } = attempt;
      const isDue = endedAtMs !== null && this.#nowMs - endedAtMs >= LIMITS.budgetSettleMs;
      if (!isDue) continue;
      if (!attempt.isFinished) this.#finish(attempt);
      this.fold(this.#log.length);
    }
  }

  /** Everything ends and is told: then nothing is set aside, and what is spent is the truth. */
  settle(): void {
    for (const attempt of this.#attempts) {
      if (!attempt.isFinished) this.#finish(attempt);
    }
    for (let index = 0; index < this.#attempts.length; index += 1) this.end(0, false);
    this.fold(this.#log.length);
    this.#nowMs += LIMITS.budgetSettleMs;
    this.book.take(spendingReport(this.#state, { nowMs: this.#nowMs, heardMs: this.#nowMs }));
    for (const { budget, name, spent, setAside } of this.book.stands(PROVIDERS, this.#nowMs)) {
      assert.equal(setAside, 0n);
      assert.equal(spent, this.#truth(budget, name));
    }
  }

  check(): void {
    for (const budget of BUDGETS) {
      const names = { global: [null], provider: PROVIDERS.slice(1), key: ['aa', 'bb'] }[
        budget.scope
      ];
      for (const name of names) {
        const truth = this.#truth(budget, name);
        assert.ok(truth <= budget.picodollars, `${budget.scope} ${name}: ${truth}`);
      }
    }
  }

  #truth({ scope }: Budget, name: string | null): bigint {
    return this.#attempts
      .filter(({ provider, clientKeyId }) => {
        if (scope === 'global') return true;
        return (scope === 'provider' ? provider : clientKeyId) === name;
      })
      .reduce(
        (sum, { isFinished, isCostKnown, max, actual }) =>
          sum + (isFinished || isCostKnown ? actual : max),
        0n,
      );
  }

  #pick(index: number, isWanted: (attempt: Attempt) => boolean): Attempt | undefined {
    const wanted = this.#attempts.filter(isWanted);
    return wanted[index % Math.max(1, wanted.length)];
  }

  #reserve(attempt: Attempt): void {
    attempt.isReserved = true;
    const { requestId, provider, clientKeyId, max } = attempt;
    const picodollarsMax = String(max);
    this.#log.push(reserved(reservation(requestId, { provider, clientKeyId, picodollarsMax })));
  }

  #finish(attempt: Attempt): void {
    if (!attempt.isReserved) this.#reserve(attempt);
    attempt.isFinished = true;
    const { requestId, provider, clientKeyId, actual } = attempt;
    const cost = { picodollars: String(actual), priceVersion: '0', source: 'overlay' } as const;
    const event = usageEvent(requestId, { provider, clientKeyId, cost, startedAtMs: NOON_MS });
    this.#log.push(used(event));
  }
}

const index = fc.nat({ max: 50 });
const action: fc.Arbitrary<(world: World) => void> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.constantFrom(...PROVIDERS),
        fc.constantFrom(...KEYS),
        fc.bigInt({ min: 0n, max: 200n }),
        fc.nat({ max: 100 }),
      )
      .map((args) => (world: World) => world.admit(...args)),
  },
  { weight: 2, arbitrary: index.map((at) => (world: World) => world.reserve(at)) },
  { weight: 2, arbitrary: index.map((at) => (world: World) => world.finish(at)) },
  {
    weight: 2,
    arbitrary: fc.tuple(index, fc.boolean()).map((args) => (world: World) => world.end(...args)),
  },
  { weight: 2, arbitrary: fc.nat({ max: 6 }).map((count) => (world: World) => world.fold(count)) },
  { weight: 2, arbitrary: fc.constant((world: World) => world.report()) },
  { weight: 3, arbitrary: index.map((at) => (world: World) => world.deliver(at)) },
  { weight: 1, arbitrary: fc.nat({ max: 6_000 }).map((ms) => (world: World) => world.advance(ms)) },
);

test('no interleaving of requests, events and reports lets what was admitted run past a budget', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 120, size: 'max' }), (actions) => {
      const world = new World();
      for (const act of actions) act(world);
      world.check();
      world.settle();
    }),
    { numRuns: 400 },
  );
});

test('without any report the own sums go on counting, and a budget is used to its end', () => {
  const [budget] = BUDGETS;
  assert.ok(budget !== undefined);
  const book = new BudgetBook([budget]);
  const payer = { provider: 'anthropic', clientKeyId: null };
  let admitted = 0;
  for (; admitted < 100; admitted += 1) {
    const nowMs = NOON_MS + admitted * 60_000;
    if (book.refusal(payer, 100n, { nowMs, scopes: SCOPES }) !== null) break;
    book.start(`m${admitted}`, payer, 100n);
    book.end(`m${admitted}`, 40n, nowMs + 1_000);
  }
  // Of 1,000 at 40 each, the last must leave room for the 100 that it may cost.
  assert.equal(admitted, 23);
});

test('an attempt counts once: here, until a report has it; then there, until it is over', () => {
  const attempts = new BudgetAttempts();
  const own = () => [attempts.size, attempts.sums.of('all', 'day', NOON_MS)];
  attempts.start('m', { provider: 'anthropic', clientKeyId: null }, 9n);
  attempts.settle({ open: [], heardMs: NOON_MS });
  assert.deepEqual(own(), [1, 9n]);
  attempts.settle({ open: ['m'], heardMs: NOON_MS + 1 });
  assert.deepEqual(own(), [1, 0n]);
  attempts.end('m', 7n, NOON_MS + 2);
  attempts.settle({ open: ['m'], heardMs: NOON_MS + 3 });
  assert.deepEqual(own(), [1, 0n]);
  attempts.settle({ open: [], heardMs: NOON_MS + 4 });
  assert.deepEqual(own(), [0, 0n]);
});

test('an attempt that never took place gives its money back', () => {
  const book = new BudgetBook(BUDGETS);
  const payer = { provider: 'openrouter', clientKeyId: 'aa' };
  const limits = { nowMs: NOON_MS, scopes: SCOPES };
  book.start('m', payer, 300n);
  assert.equal(book.refusal(payer, 1n, limits)?.budget.scope, 'provider');
  book.withdraw('m');
  assert.equal(book.refusal(payer, 300n, limits), null);
});

test('a day that is over takes its spending along; what is under way counts in the next', () => {
  const [budget] = BUDGETS;
  assert.ok(budget !== undefined);
  const book = new BudgetBook([budget]);
  const payer = { provider: 'anthropic', clientKeyId: null };
  const state = emptyState();
  const eveningMs = Date.UTC(2026, 10, 22, 23, 59);
  const cost = { picodollars: '700', priceVersion: '0', source: 'overlay' } as const;
  const { subject, event } = used(usageEvent('r', { startedAtMs: eveningMs - 2_000, cost }));
  const data = Buffer.from(JSON.stringify(event));
  foldLogged(state, { sequence: 1, storedAtMs: eveningMs, subject, data });
  book.take(spendingReport(state, { nowMs: eveningMs }));
  book.start('ended', payer, 200n);
  book.end('ended', 150n, eveningMs);
  book.start('open', payer, 100n);
  const standAt = (nowMs: number) => {
    const [stand] = book.stands(PROVIDERS, nowMs);
    return [stand?.spent, stand?.setAside, new Date(stand?.resetsAtMs ?? 0).toISOString()];
  };
  assert.deepEqual(standAt(eveningMs + 1), [700n, 250n, '2026-11-23T00:00:00.000Z']);
  assert.deepEqual(standAt(eveningMs + 120_000), [0n, 100n, '2026-11-24T00:00:00.000Z']);
});

test('a report of older events is passed over, unless the log was set back', () => {
  const [budget] = BUDGETS;
  assert.ok(budget !== undefined);
  const book = new BudgetBook([budget]);
  const empty = { picodollars: '0', provider: {}, clientKey: {} };
  const report = (sequence: number, spent: string, atMs: number): SpendingReport => {
    const period = { ...empty, period: '', endsAtMs: NOON_MS * 2, picodollars: spent };
    const periods = { hour: period, day: period, month: period };
    return { v: 1, atMs, heardMs: 0, stream: 's', sequence, ...periods, reserved: empty, open: [] };
  };
  const spent = () => book.stands(PROVIDERS, NOON_MS)[0]?.spent;
  book.take(report(9, '900', NOON_MS));
  book.take(report(5, '500', NOON_MS + 1_000));
  assert.equal(spent(), 900n);
  book.take(report(5, '500', NOON_MS + 60_000));
  assert.equal(spent(), 500n);
  book.take({ ...report(1, '100', NOON_MS + 60_001), stream: 'another' });
  assert.equal(spent(), 100n);
});

test('attempts that no ledger hears of are summed beyond their number, and no sum changes', () => {
  const attempts = new BudgetAttempts();
  const count = LIMITS.budgetAttemptsMax + 500;
  for (let each = 0; each < count; each += 1) {
    const payer = { provider: 'anthropic', clientKeyId: each % 2 === 0 ? 'aa' : 'bb' };
    attempts.start(`m${each}`, payer, 9n);
    attempts.end(`m${each}`, 7n, NOON_MS + each);
  }
  assert.ok(attempts.size <= LIMITS.budgetAttemptsMax);
  assert.equal(attempts.sums.of('all', 'day', NOON_MS), 7n * BigInt(count));
  assert.equal(attempts.sums.of('key aa', 'month', NOON_MS), (7n * BigInt(count)) / 2n);
  const lateMs = NOON_MS + count + LIMITS.budgetSettleMs;
  attempts.settle({ open: [], heardMs: lateMs });
  assert.equal(attempts.size, 0);
  assert.equal(attempts.sums.of('all', 'day', NOON_MS), 0n);
});

test('periods end at midnight and at the end of the month, UTC', () => {
  const iso = (period: 'day' | 'month', at: string) =>
    new Date(resetMs(period, Date.parse(at))).toISOString();
  assert.equal(iso('day', '2026-12-31T23:59:59.999Z'), '2027-01-01T00:00:00.000Z');
  assert.equal(iso('month', '2026-12-31T23:59:59.999Z'), '2027-01-01T00:00:00.000Z');
  assert.equal(iso('day', '2026-11-22T00:00:00Z'), '2026-11-23T00:00:00.000Z');
  assert.equal(iso('month', '2026-02-01T00:00:00Z'), '2026-03-01T00:00:00.000Z');
});

test('a client reads the wording at which Claude Code stops', () => {
  const usd = 1_000_000_000_000n;
  const budget = { scope: 'provider', name: null, period: 'day', picodollars: 5n * usd } as const;
  const stand = { budget, name: 'openrouter', spent: 4n * usd, setAside: usd / 2n };
  assert.equal(
    spendLimitMessage({ ...stand, resetsAtMs: Date.UTC(2026, 10, 23) }),
    'spend limit reached (daily; resets 2026-11-23 00:00 UTC): of 5.00 USD for provider openrouter 4.00 are spent and 0.50 set aside, which leaves too little for this request',
  );
});
