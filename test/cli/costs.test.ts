/** The commands as somebody types them, on a real nats-server with a ledger that runs. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parseCsv } from '../ledger/exports/support/parse-csv.ts';
import { usageEvent, used, writeEvents } from '../ledger/support/events.ts';
import { startTestBus, type TestBus } from '../ledger/support/gateway-bus.ts';
import { eventually } from '../support/latch.ts';

const PROJECT_DIR = path.dirname(path.dirname(import.meta.dirname));

/** Runs a command; `nats` = by address, `folder` = by the data folder of a gateway that runs. */
function start(
  command: 'costs' | 'export',
  bed: TestBus | null,
  { typed, how = 'nats' }: { typed: readonly string[]; how?: 'nats' | 'folder' },
) {
  const { url = 'nats://127.0.0.1:9', user = '', password = '' } = bed?.nats ?? {};
  const where =
    how === 'nats'
      ? { NATS_URL: url.replace('://', `://${user}:${password}@`), GATEWAY_DATA_DIR: bed?.dataDir }
      : { GATEWAY_DATA_DIR: bed?.nats.dataDir };
  const file = path.join(PROJECT_DIR, 'cli', `${command}.ts`);
  const child = spawn(process.execPath, [file, ...typed], {
    env: { PATH: process.env['PATH'], HOME: bed?.dataDir, NATS_SERVER_BIN: '', ...where },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { out: '', errors: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    said.out += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said.errors += chunk;
  });
  const closed = once(child, 'close').then(([code]) => ({ code, ...said }));
  return { child, said, closed };
}

async function run(command: 'costs' | 'export', bed: TestBus | null, typed: readonly string[]) {
  return await start(command, bed, { typed }).closed;
}

/** A server with 30 attempts, 10 picodollars, 11, … each, and a ledger that has counted them. */
async function startBed(): Promise<TestBus> {
  await using stack = new AsyncDisposableStack();
  const bed = stack.use(await startTestBus());
  const startedAtMs = Date.now() - 5_000;
  const written = Array.from({ length: 30 }, (_, index) =>
    usageEvent(`r${index}`, {
      startedAtMs,
      sessionId: `s${index % 3}`,
      cost: { picodollars: `${10 + index}000000`, priceVersion: '1', source: 'overlay' },
    }),
  );
  await writeEvents(bed.bus, written.map(used));
  const ledger = stack.use(await bed.startLedger());
  await ledger.caughtUp;
  await eventually(async () => (await bed.keptThrough()) === 30, 'kept');
  const running = stack.move();
  return { ...bed, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

const TOTAL_USD = 0.000735; // 10 + 11 + … + 39 millionths

test('costs: a table, JSON and CSV while a ledger runs', async () => {
  await using bed = await startBed();
  const text = await run('costs', bed, []);
  assert.equal(text.code, 0, text.errors);
  assert.match(text.out, /^anthropic {2}0\.000735 /m);
  assert.match(text.out, /^total {6}0\.000735 {10}– {8}30 /m);
  const byFolder = await start('costs', bed, { typed: [], how: 'folder' }).closed;
  assert.equal(byFolder.out, text.out);
  const json = JSON.parse((await run('costs', bed, ['--json', '--by', 'session'])).out);
  assert.equal(json.total.usd, TOTAL_USD);
  assert.deepEqual(
    json.rows.map(({ key }: { key: string }) => key),
    ['s2', 's1', 's0'],
  );
  const csv = parseCsv((await run('costs', bed, ['--csv', '--by', 'model', '--totals'])).out);
  assert.deepEqual(csv[1]?.slice(0, 2), ['anthropic/claude-sonnet-5', '0.000735']);
  const past = await run('costs', bed, [
    '--since',
    '2020-01-01',
    '--until',
    '2020-01-31',
    '--json',
  ]);
  assert.equal(JSON.parse(past.out).total.entries, 0);
});

test('costs: transcripts and ledger together count every message once', async () => {
  await using bed = await startBed();
  const folder = path.join(bed.dataDir, '.claude', 'projects', 'p');
  mkdirSync(folder, { recursive: true });
  const line = (id: string, requestId: string): string =>
    `${JSON.stringify({
      type: 'assistant',
      timestamp: new Date().toISOString(),
      requestId,
      costUSD: 2,
      message: { id, model: 'claude-opus-5', usage: { input_tokens: 5, output_tokens: 5 } },
    })}\n`;
  const lines = [line('msg_r0', 'r0'), line('msg_r1', 'r1'), line('msg_direct', 'req_direct')];
  writeFileSync(path.join(folder, 's0.jsonl'), lines.join(''));
  writeFileSync(path.join(folder, 'fork.jsonl'), lines.join(''));
  for (const typed of [['--transcripts'], [`--transcripts=${path.join(bed.dataDir, '.claude')}`]]) {
    const { out, errors } = await run('costs', bed, ['--json', ...typed]);
    const { transcripts } = JSON.parse(out || errors);
    assert.equal(transcripts.throughGateway, 2);
    assert.equal(transcripts.outside.entries, 1);
    assert.equal(transcripts.total.usd, 2 + TOTAL_USD);
  }
});

test('export: claude, csv and jsonl hold what the ledger holds', async () => {
  await using bed = await startBed();
  const folder = path.join(bed.dataDir, 'out');
  const claude = await run('export', bed, ['--format', 'claude', '--out', folder]);
  assert.deepEqual([claude.code, claude.errors], [0, '30 attempts, 0.000735 USD\n']);
  const files = readdirSync(path.join(folder, 'projects', '-gateway-anthropic')).sort();
  assert.deepEqual(files, ['s0.jsonl', 's1.jsonl', 's2.jsonl']);
  const [first = ''] = files;
  const text = readFileSync(path.join(folder, 'projects', '-gateway-anthropic', first), 'utf8');
  assert.equal(text.split('\n').length, 1 + 10 + 1);
  assert.equal(text.startsWith('{"type":"summary",'), true);
  const again = await run('export', bed, ['--format', 'claude', '--out', folder]);
  assert.equal(again.code, 2);
  assert.match(again.errors, /projects is not empty: name another folder/);
  const file = path.join(bed.dataDir, 'out.csv');
  assert.equal((await run('export', bed, ['--format', 'csv', '--out', file])).code, 0);
  assert.equal(parseCsv(readFileSync(file, 'utf8')).length, 31);
  const { out } = await run('export', bed, ['--format', 'jsonl']);
  const usd = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).usd);
  assert.deepEqual(usd.slice(0, 2), [0.00001, 0.000011]);
  assert.equal(usd.length, 30);
});

test('export --follow goes on with what comes, each attempt once, until it is told to end', async () => {
  await using bed = await startBed();
  const following = start('export', bed, { typed: ['--format', 'jsonl', '--follow'] });
  const lines = (): readonly string[] => following.said.out.split('\n').slice(0, -1);
  await eventually(() => lines().length === 30, 'what there was');
  const fresh = used(usageEvent('fresh', { startedAtMs: Date.now() }));
  await writeEvents(bed.bus, [fresh, fresh, used(usageEvent('last', { startedAtMs: Date.now() }))]);
  await eventually(() => lines().length === 32, 'what came');
  assert.deepEqual(
    lines()
      .slice(30)
      .map((line) => JSON.parse(line).requestId),
    ['fresh', 'last'],
  );
  following.child.kill('SIGINT');
  const { code, errors } = await following.closed;
  assert.equal(code, 0);
  assert.match(errors, /^32 attempts/);
});

test('export stops quietly when nobody reads on', async () => {
  await using bed = await startBed();
  const following = start('export', bed, { typed: ['--format', 'jsonl', '--follow'] });
  await once(following.child.stdout, 'data');
  following.child.stdout.destroy();
  await writeEvents(bed.bus, [used(usageEvent('one')), used(usageEvent('two'))]);
  const { code } = await following.closed;
  assert.equal(code, 0);
});

test('who types something wrong, or has no server, is told what to do', async () => {
  const wrong = [
    ['costs', ['--by', 'moon'], /--by moon: provider, account/],
    ['costs', ['--nonsense'], /Unknown option '--nonsense'/],
    ['costs', ['--timezone', 'Mars/Base'], /is no time zone/],
    ['costs', ['--json', '--csv'], /not both/],
    ['costs', ['--totals', '--transcripts'], /needs the log/],
    ['export', [], /--format claude\|csv\|jsonl/],
    ['export', ['--format', 'claude'], /needs a folder/],
    ['export', ['--format', 'csv', '--follow'], /--follow is for/],
    ['export', ['--format', 'csv', '--since', 'noon'], /"noon" is no date/],
  ] as const;
  await Promise.all(
    wrong.map(async ([command, typed, message]) => {
      const { code, errors } = await run(command, null, typed);
      assert.equal(code, 2);
      assert.match(errors, message);
      assert.match(errors, /usage: npm run/);
    }),
  );
  const { code, errors } = await run('costs', null, []);
  assert.deepEqual(
    [code, errors],
    [2, 'no nats-server answers: start the gateway, or set NATS_URL\n'],
  );
});
