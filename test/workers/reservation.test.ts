import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../config/limits.ts';
import type { RequestFacts } from '../../schemas/envelope.ts';
import { reservationSchema } from '../../schemas/ledger.ts';
import { reservationOf } from '../../workers/reservation.ts';
import { PRICES, workOf } from './support/attempt.ts';

const MODEL = 'claude-opus-5-5';

function reserve(facts: Partial<RequestFacts>, cachedTokens = 0) {
  const { dispatch } = workOf(JSON.stringify({ model: MODEL }), { facts });
  const whose = {
    provider: 'anthropic',
    account: 'ANTHROPIC_API_KEY',
    requestModel: 'claude-opus',
    upstreamModel: MODEL,
    startedAtMs: Date.now(),
  } as const;
  const reservation = reservationSchema.parse(
    reservationOf({ ...dispatch, cachedTokens }, whose, PRICES),
  );
  const prices = PRICES.pricesOf({
    provider: 'anthropic',
    upstreamModel: MODEL,
    inputTokens: reservation.inputTokensEstimate,
  });
  const { picodollarsMax, picodollarsIfLost } = reservation;
  return { reservation, prices, max: BigInt(picodollarsMax), ifLost: BigInt(picodollarsIfLost) };
}

test('what an attempt may cost: its prompt written to the cache, and the output it asks for', () => {
  const asked = { inputTokensEstimate: 1_000, maxOutputTokens: 500, cacheTtlMs: 300_000 };
  const { prices, max, ifLost } = reserve(asked);
  assert.ok(prices.cacheWrite5m > prices.input);
  assert.equal(max, 1_000n * prices.cacheWrite5m + 500n * prices.output);
  assert.equal(ifLost, 1_000n * prices.cacheWrite5m);
});

test('when nobody ever says, what is cached is read and the rest written, or plain input', () => {
  const asked = { inputTokensEstimate: 1_000, maxOutputTokens: 500, cacheTtlMs: 3_600_000 };
  const { reservation, prices, ifLost, max } = reserve(asked, 900);
  assert.equal(ifLost, 900n * prices.cacheRead + 100n * prices.cacheWrite1h);
  assert.equal(max, 1_000n * prices.cacheWrite1h + 500n * prices.output, 'what is cached may go');
  assert.deepEqual(reservation.cacheIfLost, {
    cacheReadInputTokens: 900,
    cacheCreation5mInputTokens: 0,
    cacheCreation1hInputTokens: 100,
  });
  const plain = reserve({ ...asked, cacheTtlMs: 0 });
  assert.equal(plain.ifLost, 1_000n * prices.input);
  assert.equal(plain.reservation.cacheIfLost, undefined);
});

for (const cachedTokens of [0, 500, 1_000, 9_000]) {
  test(`with ${cachedTokens} tokens cached it costs no more than is set aside`, () => {
    for (const cacheTtlMs of [0, 300_000, 3_600_000]) {
      const { ifLost, max } = reserve({ inputTokensEstimate: 1_000, cacheTtlMs }, cachedTokens);
      assert.ok(ifLost > 0n && ifLost <= max);
    }
  });
}

test('a prompt that is kept for an hour costs more', () => {
  const asked = { inputTokensEstimate: 1_000, maxOutputTokens: 1, cacheTtlMs: 3_600_000 };
  const { prices, max } = reserve(asked);
  assert.equal(max, 1_000n * prices.cacheWrite1h + prices.output);
});

for (const maxOutputTokens of [0, LIMITS.budgetOutputTokensMax + 1, 1_000_000]) {
  test(`no more output than the limit is set aside for max_tokens ${maxOutputTokens}`, () => {
    const { prices, max } = reserve({ inputTokensEstimate: 0, maxOutputTokens });
    assert.equal(max, BigInt(LIMITS.budgetOutputTokensMax) * prices.output);
  });
}

test('the prices are those of a prompt of that size', () => {
  const { reservation } = reserve({ inputTokensEstimate: 900_000 });
  const small = PRICES.pricesOf({ provider: 'anthropic', upstreamModel: MODEL, inputTokens: 1 });
  assert.ok(BigInt(reservation.picodollarsIfLost) >= 900_000n * small.input);
  assert.deepEqual(
    [reservation.attemptId, reservation.requestModel, reservation.upstreamModel],
    ['req_test.0', 'claude-opus', MODEL],
  );
});
