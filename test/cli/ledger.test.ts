import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { periodKey } from '../../ledger/saved-state.ts';
import { STREAMS } from '../../schemas/subjects.ts';
import { usageEvent, used, writeEvents } from '../ledger/support/events.ts';
import { startTestBus, type TestBus } from '../ledger/support/gateway-bus.ts';
import { eventually } from '../support/latch.ts';

const COMMAND = path.join(path.dirname(path.dirname(import.meta.dirname)), 'cli', 'ledger.ts');

/** Runs the command; `nats` = by address, `folder` = by the data folder of a gateway that runs. */
async function run(bed: TestBus | null, args: readonly string[], how: 'nats' | 'folder' = 'nats') {
  const {
    url = 'nats://127.0.0.1:9',
    user = '',
    password = '',
    dataDir = '/nowhere',
  } = bed?.nats ?? {};
  const where =
    how === 'nats'
      ? { NATS_URL: url.replace('://', `://${user}:${password}@`), NATS_SERVER_BIN: '' }
      : { GATEWAY_DATA_DIR: dataDir };
  const child = spawn(process.execPath, [COMMAND, ...args], {
    env: { PATH: process.env['PATH'], GATEWAY_DATA_DIR: bed?.dataDir, ...where },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
  }
  const [code] = await once(child, 'close');
  return { code, output };
}

async function startBed(): Promise<TestBus> {
  const bed = await startTestBus();
  const startedAtMs = Date.now() - 1_000;
  const events = Array.from({ length: 20 }, (_, index) =>
    used(usageEvent(`r${index}`, { startedAtMs, estimated: index === 0 })),
  );
  await writeEvents(bed.bus, events);
  return bed;
}

test('rebuild counts, show tells, verify is content', async () => {
  await using bed = await startBed();
  const none = await run(bed, ['show']);
  assert.deepEqual([none.code, none.output], [2, 'no totals are kept: no ledger has run yet\n']);
  const rebuilt = await run(bed, ['rebuild']);
  assert.match(
    rebuilt.output,
    /^counted 20 events in [\d.]+ s\nall is well: events 1 to 2[01], 0 closed periods\n$/,
  );
  assert.equal(rebuilt.code, 0);
  const shown = await run(bed, ['show'], 'folder');
  assert.match(
    shown.output,
    /^\d{4}-\d\d +0\.000000 USD in 20 attempts, of which 0\.000000 estimated$/m,
  );
  assert.match(shown.output, /^ {2}anthropic\/claude-sonnet-5 .* 20 attempts/m);
  assert.match(shown.output, /events counted: 21 of 21; attempts under way: 0/);
  const verified = await run(bed, ['verify']);
  assert.deepEqual(
    [verified.code, verified.output],
    [0, 'all is well: events 1 to 21, 0 closed periods\n'],
  );
});

test('verify lists what is wrong and fails; rebuild repairs what can be repaired', async () => {
  await using bed = await startBed();
  await run(bed, ['rebuild']);
  const key = periodKey('2020-01-01');
  const stranger = { v: 1, period: '2020-01-01' };
  await bed.store.put(key, Buffer.from(JSON.stringify(stranger)), 0);
  const wrong = await run(bed, ['verify']);
  assert.equal(wrong.code, 1);
  assert.match(
    wrong.output,
    /^WRONG: totals of 2020-01-01 are kept, but the log does not tell of it$/m,
  );
  assert.equal((await run(bed, ['rebuild'])).code, 0);
  assert.equal((await run(bed, ['verify'])).code, 0);
  await (await jetstreamManager(bed.bus.connection)).streams.deleteMessage(STREAMS.events, 5);
  const hole = await run(bed, ['verify']);
  assert.equal(hole.code, 1);
  assert.match(hole.output, /^WRONG: events 5 to 5 are missing in the log$/m);
  assert.match(hole.output, /^WRONG: the hash chain is broken/m);
});

test('rebuild while a ledger runs: that one counts again', async () => {
  await using bed = await startBed();
  await using ledger = await bed.startLedger();
  await ledger.caughtUp;
  await eventually(async () => (await bed.keptThrough()) === 20, 'kept');
  const before = ledger.state;
  const { code, output } = await run(bed, ['rebuild']);
  assert.equal(code, 0, output);
  await eventually(() => ledger.state.sequence === 21, 'counted again');
  assert.notEqual(ledger.state, before);
  assert.equal(ledger.state.closedIds.size, 20);
});

test('who types something else, or has no server, is told what to do', async () => {
  for (const args of [[], ['nonsense'], ['verify', 'more'], ['constructor']]) {
    const { code, output } = await run(null, args);
    assert.deepEqual([code, output], [2, 'usage: npm run ledger -- rebuild | verify | show\n']);
  }
  const { code, output } = await run(null, ['show']);
  assert.deepEqual(
    [code, output],
    [2, 'no nats-server answers: start the gateway, or set NATS_URL\n'],
  );
});
