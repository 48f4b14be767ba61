import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { EventSpool } from '../../bus/event-spool.ts';
import { createLog } from '../../bus/log.ts';
import type { EventRecord } from '../../bus/spool-records.ts';

const log = createLog({ level: 'silent', name: 'test' });

function openSpool(): { folder: string; spool: EventSpool } & Disposable {
  const folder = mkdtempSync(path.join(tmpdir(), 'gateway-test-'));
  return {
    folder,
    spool: new EventSpool(path.join(folder, 'spool'), log),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function record(number: number): EventRecord {
  return { subject: 'any', id: String(number), data: Buffer.alloc(number % 50) };
}

/** Takes parts out until the spool is empty; every third is put back first. */
async function drain(spool: EventSpool, isOver: () => boolean): Promise<readonly string[]> {
  const taken: string[] = [];
  for (let round = 0; !isOver() || !spool.isEmpty; round += 1) {
    const part = await spool.oldest();
    if (part === null) await turn();
    else if (round % 3 === 2) part.putBack();
    else {
      taken.push(...part.records.map(({ id }) => id));
      await part.remove();
    }
  }
  return taken;
}

for (const hasDisk of [true, false]) {
  test(`what is added while others are written and read comes out once (${hasDisk ? 'disk' : 'no disk'})`, async () => {
    using opened = openSpool();
    const { spool, folder } = opened;
    if (!hasDisk) writeFileSync(path.join(folder, 'spool'), 'a file where the folder should be');
    const count = 2_000;
    let isOver = false;
    const drained = drain(spool, () => isOver);
    for (let number = 0; number < count; number += 1) {
      assert.ok(spool.add(record(number)));
      if (number % 7 === 0) await turn();
    }
    isOver = true;
    const taken = await drained;
    assert.equal(taken.length, count);
    assert.equal(new Set(taken).size, count);
    assert.deepEqual([spool.isEmpty, spool.bytes], [true, 0]);
    if (hasDisk) assert.deepEqual(readdirSync(path.join(folder, 'spool')), []);
    await spool.close();
  });
}

test('what waited in memory is written once the disk is there', async () => {
  using opened = openSpool();
  const { spool, folder } = opened;
  const blocked = path.join(folder, 'spool');
  writeFileSync(blocked, 'a file where the folder should be');
  for (let number = 0; number < 10; number += 1) spool.add(record(number));
  const part = await spool.oldest();
  assert.equal(part?.records.length, 10);
  part.putBack();
  rmSync(blocked);
  await spool.close();
  assert.equal(readdirSync(blocked).length, 1);
  const written = await spool.oldest();
  assert.deepEqual(
    written?.records.map(({ id }) => id),
    Array.from({ length: 10 }, (_, number) => String(number)),
  );
});

test('the files are nobody else’s to read', async () => {
  using opened = openSpool();
  const { spool, folder } = opened;
  spool.add(record(1));
  await spool.close();
  const [file = ''] = readdirSync(path.join(folder, 'spool'));
  assert.equal(statSync(path.join(folder, 'spool', file)).mode & 0o077, 0);
});
