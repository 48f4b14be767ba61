import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BodyCounter } from '../../../workers/token-count/body-counter.ts';
import { deviation, knownCounts, RECORDINGS_MISSING } from './support/known-counts.ts';

const DEVIATION_PERCENT_MAX = 10;

test('every recorded request with a known count is estimated within 10 %', {
  skip: RECORDINGS_MISSING,
}, (context) => {
  const counter = new BodyCounter();
  const far: string[] = [];
  for (const { name, model, body, tokens } of knownCounts()) {
    const estimate = counter.count(body, model).tokens ?? 0;
    const percent = deviation(estimate, tokens);
    const line = `${name}: ${estimate} for ${tokens}, ${percent.toFixed(1)} %`;
    context.diagnostic(line);
    if (Math.abs(percent) > DEVIATION_PERCENT_MAX) far.push(line);
  }
  assert.deepEqual(far, []);
});
