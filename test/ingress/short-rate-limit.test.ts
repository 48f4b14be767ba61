import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttemptFailure } from '../../ingress/final-error.ts';
import { shortRateLimitMs } from '../../ingress/short-rate-limit.ts';

function failure(status: number, retryAfter?: string): AttemptFailure {
  return {
    type: 'api_error',
    status,
    message: 'm',
    body: null,
    headers: retryAfter === undefined ? [] : [['retry-after', retryAfter]],
    upstreamStatus: status,
    isFailover: true,
  };
}

test('only a rate limit that ends within two seconds is worth a wait', () => {
  const cases: readonly (readonly [
    failures: readonly AttemptFailure[],
    expected: number | null,
  ])[] = [
    [[], null],
    [[failure(429)], null],
    [[failure(429, '1')], 1_000],
    [[failure(429, '2')], 2_000],
    [[failure(429, '3')], null],
    [[failure(429, 'soon')], null],
    [[failure(529, '1')], null],
    [[failure(429, '30'), failure(500), failure(429, '2')], 2_000],
    [[failure(429, '2'), failure(429, '1')], 1_000],
  ];
  for (const [failures, expected] of cases) {
    assert.equal(shortRateLimitMs(failures), expected, JSON.stringify(failures));
  }
});
