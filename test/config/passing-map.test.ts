import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PassingMap } from '../../config/passing-map.ts';

test('it holds what a Map holds, in the same order', () => {
  const change = fc.record({
    key: fc.integer({ min: 0, max: 9 }),
    isDeleted: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const map = new PassingMap<number, { at: number }>();
      const model = new Map<number, { at: number }>();
      for (const [at, { key, isDeleted }] of changes.entries()) {
        model.delete(key);
        map.delete(key);
        if (isDeleted) continue;
        model.set(key, { at });
        map.set(key, { at });
      }
      assert.equal(map.size, model.size);
      assert.deepEqual([...map.entries()], [...model.entries()]);
      assert.deepEqual([...map.values()], [...model.values()]);
      for (let key = 0; key < 10; key += 1) assert.deepEqual(map.get(key), model.get(key));
    }),
  );
});

test('a value may go, and another come, while all are passed over', () => {
  const map = new PassingMap<string, { name: string }>();
  for (const name of ['a', 'b', 'c']) map.set(name, { name });
  const seen: string[] = [];
  for (const { name } of map.values()) {
    seen.push(name);
    map.delete(name);
    if (name === 'a') map.delete('b');
    if (name === 'c') map.set('d', { name: 'd' });
  }
  assert.deepEqual(seen, ['a', 'c', 'd']);
  assert.equal(map.size, 0);
});

test('a value that is replaced comes last', () => {
  const map = new PassingMap<string, { name: string }>();
  map.set('a', { name: 'first' });
  map.set('b', { name: 'second' });
  map.set('a', { name: 'third' });
  assert.deepEqual(
    [...map.values()].map(({ name }) => name),
    ['second', 'third'],
  );
});
