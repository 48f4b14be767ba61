import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type Contender,
  MONEY_MAX,
  ratiosOf,
  routerOf,
  TIME_MAX,
} from '../../bench/routing/comparison.ts';
import { createDay, type DayShape, type Turn } from '../../bench/routing/day.ts';
import { simulateDay } from '../../bench/routing/simulate-day.ts';
import type { DayResult } from '../../bench/routing/tally.ts';
import { type Process, Timeline } from '../../bench/routing/timeline.ts';

const SHORT: DayShape = { hours: 2, sessions: 8, turnsMax: 60 };
const HALF: DayShape = { hours: 5, sessions: 30, turnsMax: 200 };
const SEEDS = [1, 2, 3];

function dayOf(contender: Contender, seed: number, shape: DayShape): DayResult {
  return simulateDay(routerOf(contender, seed), { seed, shape });
}

function total(days: readonly DayResult[], value: (day: DayResult) => number): number {
  return days.reduce((sum, day) => sum + value(day), 0);
}

function turnsOf(turns: readonly Turn[]): number {
  return turns.reduce((sum, { side, agents }) => {
    const inAgents = agents.reduce((all, each) => all + turnsOf(each), 0);
    return sum + 1 + (side === null ? 0 : 1) + inAgents;
  }, 0);
}

test('a day is the same for the same seed, and another for another', () => {
  const day = dayOf('intelligent', 1, SHORT);
  assert.deepEqual(dayOf('intelligent', 1, SHORT), day);
  assert.notDeepEqual(dayOf('intelligent', 2, SHORT), day);
});

for (const contender of ['intelligent', 'cost', 'seed', 'seed as written'] as const) {
  test(`${contender}: what is counted adds up`, () => {
    const day = dayOf(contender, 3, SHORT);
    const wanted = createDay(3, SHORT).reduce((sum, { turns }) => sum + turnsOf(turns), 0);
    assert.equal(day.turns + day.lost, wanted);
    assert.equal(
      [...day.answers.values()].reduce((sum, answers) => sum + answers, 0),
      day.turns,
    );
    assert.equal(day.attempts, day.turns + day.failedAttempts);
    assert.ok(day.brokenAnswers <= day.visibleErrors);
    assert.ok(day.rateLimits <= day.failedAttempts);
    assert.ok(day.cachedShare > 0.5 && day.cachedShare < 1);
    const isWhole = day.firstContentMs.median === day.totalMs.median;
    assert.equal(isWhole, contender === 'seed as written');
  });
}

describe('half a day', () => {
  const daysOf = (contender: Contender) => SEEDS.map((seed) => dayOf(contender, seed, HALF));
  const intelligent = daysOf('intelligent');
  const cost = daysOf('cost');

  test('intelligent costs hardly more than cost and takes hardly longer than performance', () => {
    const { money, time } = ratiosOf({ intelligent, cost, performance: daysOf('performance') });
    assert.ok(Math.max(...money) <= MONEY_MAX, `money: ${money.join(', ')}`);
    assert.ok(Math.max(...time) <= TIME_MAX, `time: ${time.join(', ')}`);
  });

  // So few errors are left that `performance` needs the whole days of the bench to be told apart.
  test('intelligent shows fewer errors than cost, and hardly ever flaps', () => {
    const errors = (days: readonly DayResult[]) => total(days, (day) => day.visibleErrors);
    const flaps = (days: readonly DayResult[]) => total(days, (day) => day.flaps);
    assert.ok(errors(intelligent) < errors(cost), `${errors(intelligent)} of ${errors(cost)}`);
    assert.ok(flaps(intelligent) < flaps(cost) / 2, `${flaps(intelligent)} of ${flaps(cost)}`);
  });

  test('intelligent is cheaper and safer than the formula it began with', () => {
    const seed = daysOf('seed as written');
    const usd = (days: readonly DayResult[]) => total(days, (day) => day.usd);
    const errors = (days: readonly DayResult[]) => total(days, (day) => day.visibleErrors);
    assert.ok(usd(intelligent) < usd(seed) * 0.7, `${usd(intelligent)} of ${usd(seed)} USD`);
    assert.ok(errors(intelligent) < errors(seed) / 2, `${errors(intelligent)} of ${errors(seed)}`);
  });
});

test('virtual time: things happen in order, and who waits for others goes on when the last has ended', () => {
  const timeline = new Timeline(1_000);
  const seen: string[] = [];
  const see = (what: string): void => {
    seen.push(`${what} ${timeline.nowMs}`);
  };
  function* child(waitMs: number): Process<void> {
    yield waitMs;
    see('child');
  }
  function* parent(): Process<void> {
    yield 10;
    yield [child(30), child(20)];
    see('parent');
    yield [];
    see('again');
  }
  timeline.start(parent());
  for (const delayMs of [50, 5, 35]) timeline.after(delayMs, () => see('event'));
  timeline.run();
  assert.deepEqual(seen, [
    'event 1005',
    'child 1030',
    'event 1035',
    'child 1040',
    'parent 1040',
    'again 1040',
    'event 1050',
  ]);
});
