import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTicker } from '../../bus/ticker.ts';

test('it runs from its start until there is nothing to do, and again after another start', (context) => {
  context.mock.timers.enable({ apis: ['setInterval'] });
  let runs = 0;
  let left = 2;
  using ticker = createTicker(100, () => {
    runs += 1;
    left -= 1;
    return left > 0;
  });
  context.mock.timers.tick(1_000);
  assert.equal(runs, 0, 'nobody started it');
  ticker.start();
  ticker.start();
  context.mock.timers.tick(100);
  assert.equal(runs, 1, 'two starts are one');
  context.mock.timers.tick(1_000);
  assert.equal(runs, 2, 'it sleeps once there is nothing to do');
  left = 1;
  ticker.start();
  context.mock.timers.tick(1_000);
  assert.equal(runs, 3);
  left = 9;
  ticker.start();
  ticker[Symbol.dispose]();
  context.mock.timers.tick(1_000);
  assert.equal(runs, 3);
});
