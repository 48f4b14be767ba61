import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemory } from '../../config/memory.ts';

test('a value is made once per scope and key, and a full memory begins again', () => {
  const memory = createMemory<string>(2);
  const [one, other] = [{}, {}];
  let made = 0;
  const ask = (scope: object, key: string) =>
    memory(scope, key, () => {
      made += 1;
      return `${key}${made}`;
    });
  assert.equal(ask(one, 'a'), 'a1');
  assert.equal(ask(one, 'a'), 'a1');
  assert.equal(ask(other, 'a'), 'a2');
  assert.equal(ask(one, 'b'), 'b3');
  assert.equal(ask(one, 'c'), 'c4'); // the third of two
  assert.equal(ask(one, 'a'), 'a5');
});
