import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  divideHalfEven,
  formatUsd,
  PICODOLLARS_PER_USD,
  parseDecimal,
  parseFactor,
  parseUsd,
  picodollarsSchema,
  times,
  writePicodollars,
} from '../../schemas/money.ts';

test('parseUsd() reads dollars exactly, in every spelling of a number', () => {
  const cases: readonly (readonly [string, bigint])[] = [
    ['0', 0n],
    ['1', PICODOLLARS_PER_USD],
    ['0.000837', 837_000_000n],
    ['-0.5', -500_000_000_000n],
    ['1e-7', 100_000n],
    ['2.5E+3', 2_500n * PICODOLLARS_PER_USD],
    ['0.0000000000005', 0n],
    ['0.0000000000015', 2n],
    ['0.00000000000050001', 1n],
    ['9007199254740993.000000000001', 9_007_199_254_740_993_000_000_000_001n],
  ];
  for (const [text, picodollars] of cases) assert.equal(parseUsd(text), picodollars, text);
});

test('parseUsd() refuses what is no decimal', () => {
  for (const text of ['', ' 1', '1.', '.5', '0x1', 'NaN', 'Infinity', '1e999', '1'.repeat(500)]) {
    assert.throws(() => parseUsd(text), RangeError, text);
  }
});

test('formatUsd() is exact, or rounds half to even', () => {
  assert.equal(formatUsd(382_500_000_000n), '0.3825');
  assert.equal(formatUsd(3n * PICODOLLARS_PER_USD), '3');
  assert.equal(formatUsd(-1n), '-0.000000000001');
  assert.equal(formatUsd(125_000_000_000n, 2), '0.12');
  assert.equal(formatUsd(135_000_000_000n, 2), '0.14');
  assert.equal(formatUsd(-1n, 2), '0.00');
  assert.equal(formatUsd(2_500_000_000_000n, 0), '2');
});

test('dollars and wires give back what was written', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 29n), max: 10n ** 29n }), (amount) => {
      assert.equal(parseUsd(formatUsd(amount)), amount);
      assert.equal(picodollarsSchema.parse(writePicodollars(amount)), amount);
    }),
  );
  for (const wire of ['', '1.5', '1e3', '0x1', ' 1', '9'.repeat(31), 5]) {
    assert.equal(picodollarsSchema.safeParse(wire).success, false, String(wire));
  }
});

test('a JSON number becomes the dollars that stood there, whatever float holds it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 ** 12 }), (micro) => {
      const spelled = formatUsd(BigInt(micro) * 1_000_000n);
      assert.equal(parseUsd(String(JSON.parse(spelled))), BigInt(micro) * 1_000_000n);
    }),
  );
});

test('times() multiplies by a decimal factor', () => {
  assert.equal(times(3_000_000n, parseFactor('1.1')), 3_300_000n);
  assert.equal(times(3_000_000n, parseFactor('1')), 3_000_000n);
  assert.equal(times(5n, parseFactor('0.5')), 2n);
  assert.equal(times(7n, parseFactor('0.5')), 4n);
});

test('divideHalfEven() is never off by more than a half, and even at the half', () => {
  const positive = fc.bigInt({ min: 1n, max: 10n ** 12n });
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), positive, (dividend, by) => {
      const quotient = divideHalfEven(dividend, by);
      const twice = 2n * (dividend - quotient * by);
      const off = twice < 0n ? -twice : twice;
      assert.ok(off < by || (off === by && quotient % 2n === 0n));
    }),
  );
});

test('parseDecimal() gives picodollars per token for dollars per million', () => {
  assert.equal(parseDecimal('3', 6), 3_000_000n);
  assert.equal(parseDecimal('0.01875', 6), 18_750n);
  assert.equal(parseDecimal('0.18000000000000002', 6), 180_000n);
  assert.equal(parseDecimal('0.08333333333333334', 6), 83_333n);
});
