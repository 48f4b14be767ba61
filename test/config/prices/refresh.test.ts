import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { LIMITS } from '../../../config/limits.ts';
import { SHIPPED_LIST } from '../../../config/prices/list-table.ts';
import { createPriceList, type PriceList } from '../../../config/prices/price-list.ts';
import { readListInUse, startPriceRefresh } from '../../../config/prices/refresh/start.ts';
import { writtenCost } from '../../../config/prices/written-cost.ts';
import { eventPrices } from '../../../ledger/event-prices.ts';
import { readEvent } from '../../../ledger/state/read-event.ts';
import { formatUsd } from '../../../schemas/money.ts';
import { subjects } from '../../../schemas/subjects.ts';
import { NO_USAGE } from '../../../schemas/usage.ts';
import { usageEvent } from '../../ledger/support/events.ts';
import { createLatch, within } from '../../support/latch.ts';
import { editionWith, shippedEdition } from './support/editions.ts';
import {
  type Answer,
  type ListServer,
  manualWait,
  serving,
  startListServer,
} from './support/list-server.ts';

const OPUS = 'claude-opus-5';
const START_MS = Date.UTC(2026, 10, 26);
const { priceListFreshMs: DAY_MS, priceListRetryMs: RETRY_MS } = LIMITS;
const SPREAD_MS = LIMITS.priceListSpreadMsMax / 2;
const DEARER = editionWith({ [OPUS]: { input_mtok: 6 } });
const userOverlay = [
  { match: 'claude-sonnet-5', input: '1', output: '2', source: 'a contract', asOf: '2026-11-26' },
];

interface Told {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** A process that refreshes its prices: it waits only as long as the test wants it to. */
async function startProcess(
  server: ListServer,
  dataDir: string,
  { clock = { nowMs: START_MS }, readMsMax = 200 } = {},
) {
  const waits = manualWait();
  const warnings: Told[] = [];
  const refresh = await startPriceRefresh({
    settings: { url: server.url },
    dataDir,
    log: {
      info() {},
      warn: (fields, message) => warnings.push({ fields: { ...fields }, message }),
    },
    now: () => clock.nowMs,
    random: () => 0.5,
    wait: waits.wait,
    readMsMax,
  });
  const prices = createPriceList({ list: refresh.list, userOverlay, now: () => clock.nowMs });
  return {
    prices,
    warnings,
    clock,
    ...waits,
    async [Symbol.asyncDispose]() {
      await refresh[Symbol.asyncDispose]();
    },
  };
}

function newFolder() {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'price-refresh-'));
  return {
    dataDir,
    file: path.join(dataDir, 'prices.json'),
    [Symbol.dispose]: () => rmSync(dataDir, { recursive: true }),
  };
}

/** Dollars per million tokens of input. */
function input(prices: PriceList, upstreamModel = OPUS): string {
  return formatUsd(prices.pricesOf({ provider: 'anthropic', upstreamModel }).input * 1_000_000n);
}

const status =
  (code: number, body = ''): Answer =>
  (reply) =>
    void reply.writeHead(code).end(body);

test('a newer list changes prices and version, and no entry that was written before', async () => {
  using folder = newFolder();
  await using server = await startListServer(serving(DEARER, '"1"'));
  await using gateway = await startProcess(server, folder.dataDir);
  const { prices } = gateway;
  const usage = { ...NO_USAGE, inputTokens: 1_000 };
  const event = usageEvent('r1', { upstreamModel: OPUS, usage, raw: null });
  const costNow = () => writtenCost(usage, { ...event, atMs: gateway.clock.nowMs }, prices);
  assert.equal(input(prices), '5');
  assert.equal(prices.checkedAtMs, null);
  const before = costNow();

  assert.equal(await gateway.asked(), SPREAD_MS);
  assert.equal(await gateway.pass(), DAY_MS + SPREAD_MS);

  assert.equal(input(prices), '6');
  assert.equal(prices.checkedAtMs, START_MS);
  const after = costNow();
  assert.deepEqual([before.picodollars, after.picodollars], ['5000000000', '6000000000']);
  assert.notEqual(before.priceVersion, after.priceVersion);
  assert.equal(after.priceVersion, prices.version);
  // What was written stays, even where it is read with the new prices.
  const data = Buffer.from(JSON.stringify({ ...event, cost: before }));
  const entry = readEvent(subjects.usageEvent('anthropic'), data, eventPrices(prices));
  assert.ok(entry.kind === 'final');
  assert.equal(entry.picodollars, 5_000_000_000n);
  // The operator's entries and ours stay in front.
  assert.equal(input(prices, 'claude-sonnet-5'), '1');
  assert.equal(input(prices, 'claude-haiku-5-5'), '0.1');
});

test('the same edition is asked for by its name, and stays the same', async () => {
  using folder = newFolder();
  await using server = await startListServer(serving(DEARER, '"1"'));
  await using gateway = await startProcess(server, folder.dataDir);
  await gateway.pass();
  const { version } = gateway.prices;
  const known = gateway.prices.pricesOf({ provider: 'anthropic', upstreamModel: OPUS });
  gateway.clock.nowMs += DAY_MS;
  assert.equal(await gateway.pass(), DAY_MS + SPREAD_MS);
  assert.deepEqual(server.asked, [null, '"1"']);
  assert.equal(gateway.prices.checkedAtMs, START_MS + DAY_MS);
  // Also where the server names no editions and sends it again.
  server.answer = (reply) => void reply.end(JSON.stringify(DEARER));
  gateway.clock.nowMs += DAY_MS;
  await gateway.pass();
  assert.equal(gateway.prices.version, version);
  const atMs = START_MS;
  const again = gateway.prices.pricesOf({ provider: 'anthropic', upstreamModel: OPUS, atMs });
  assert.equal(again, known);
  assert.deepEqual(gateway.warnings, []);
});

const nonsense: readonly (readonly [what: string, answer: Answer, reason: RegExp])[] = [
  ['an error', status(500, JSON.stringify(DEARER)), /^status 500$/],
  ['a refusal', status(404), /^status 404$/],
  ['no content', status(204), /^status 204$/],
  ['a 304 that nobody asked for', status(304), /^status 304$/],
  ['HTML', status(200, '<html>'), /^the answer is no JSON$/],
  ['nothing', status(200, ''), /^the answer is no JSON$/],
  ['half a list', status(200, JSON.stringify(DEARER).slice(0, 9_000)), /is no JSON$/],
  ['another JSON', status(200, '{"data":[]}'), /^the list, at its top: /],
  [
    'prices per token',
    status(200, JSON.stringify(DEARER).replaceAll('"input_mtok":', '"input_mtok":0.000001,"x":')),
    /prices of the list moved more than 100-fold/,
  ],
  [
    'more than the limit',
    (reply) => void reply.end(Buffer.alloc(LIMITS.priceListBytesMax + 1, ' ')),
    /^the answer is longer than 4194304 bytes$/,
  ],
  [
    'more than the limit once it is unpacked',
    (reply) => {
      reply.setHeader('content-encoding', 'gzip');
      reply.end(gzipSync(Buffer.alloc(LIMITS.priceListBytesMax + 1, ' ')));
    },
    /^the answer is longer than 4194304 bytes$/,
  ],
  ['no answer', () => {}, /^TimeoutError$/],
  [
    'an answer that stops',
    (reply) => void reply.writeHead(200, { 'content-length': 9_000 }).write('['),
    /^TimeoutError$/,
  ],
  ['a broken connection', (reply) => void reply.destroy(), /^UND_ERR_SOCKET$/],
];
for (const [what, answer, reason] of nonsense) {
  test(`${what} changes no price and is told once`, async () => {
    using folder = newFolder();
    await using server = await startListServer(answer);
    await using gateway = await startProcess(server, folder.dataDir);
    const { version } = gateway.prices;
    assert.equal(await gateway.pass(), RETRY_MS + SPREAD_MS);
    assert.equal(await gateway.pass(), RETRY_MS + SPREAD_MS);
    assert.equal(server.asked.length, 2);
    assert.equal(gateway.prices.version, version);
    assert.deepEqual(readdirSync(folder.dataDir), []);
    const [warning, ...more] = gateway.warnings;
    assert.match(String(warning?.fields['reason']), reason);
    assert.deepEqual(more, []);
    // And it does not stay so.
    server.answer = serving(DEARER, '"1"');
    assert.equal(await gateway.pass(), DAY_MS + SPREAD_MS);
    assert.equal(input(gateway.prices), '6');
    server.answer = status(500);
    gateway.clock.nowMs += DAY_MS;
    await gateway.pass();
    assert.equal(gateway.warnings.length, 2);
    assert.equal(input(gateway.prices), '6');
  });
}

test('a redirect is not followed', async () => {
  using folder = newFolder();
  await using other = await startListServer(serving(DEARER, '"1"'));
  await using server = await startListServer((reply) => {
    reply.writeHead(302, { location: other.url }).end();
  });
  await using gateway = await startProcess(server, folder.dataDir);
  assert.equal(await gateway.pass(), RETRY_MS + SPREAD_MS);
  assert.deepEqual(other.asked, []);
  assert.equal(gateway.warnings[0]?.fields['reason'], 'status 302: redirects are not followed');
});

test('a price that moved too far is told by its model’s name, the others are taken', async () => {
  using folder = newFolder();
  const edition = editionWith({ [OPUS]: { input_mtok: 6_000 }, 'claude-2': { input_mtok: 9 } });
  await using server = await startListServer(serving(edition, '"1"'));
  await using gateway = await startProcess(server, folder.dataDir);
  await gateway.pass();
  assert.deepEqual([input(gateway.prices), input(gateway.prices, 'claude-2')], ['5', '9']);
  assert.deepEqual(gateway.warnings[0]?.fields, { models: [`anthropic/${OPUS}`] });
});

test('a process that starts uses the list that was kept before it asks anybody', async () => {
  using folder = newFolder();
  await using server = await startListServer(serving(DEARER, '"1"'));
  await using first = await startProcess(server, folder.dataDir);
  await first.pass();
  assert.deepEqual(readdirSync(folder.dataDir), ['prices.json']);

  server.answer = status(500);
  const clock = { nowMs: START_MS + 5 * DAY_MS };
  await using second = await startProcess(server, folder.dataDir, { clock });
  assert.equal(second.prices.version, first.prices.version);
  assert.equal(second.prices.checkedAtMs, START_MS);
  assert.equal(input(second.prices), '6');
  assert.equal(server.asked.length, 1);
  // It is old: the next edition is asked for at once.
  assert.equal(await second.asked(), SPREAD_MS);
  assert.equal(await second.pass(), RETRY_MS + SPREAD_MS);
  assert.equal(input(second.prices), '6');
  // So does a command that only looks.
  const log = { info() {}, warn: assert.fail };
  const settings = { url: server.url };
  const list = await readListInUse({ settings, dataDir: folder.dataDir, log });
  assert.equal(createPriceList({ list, userOverlay }).version, first.prices.version);
  assert.equal(server.asked.length, 2);
});

test('processes that share a folder ask once a day between them', async () => {
  using folder = newFolder();
  await using server = await startListServer(serving(DEARER, '"1"'));
  const clock = { nowMs: START_MS };
  await using first = await startProcess(server, folder.dataDir, { clock });
  await using second = await startProcess(server, folder.dataDir, { clock });
  await first.pass();
  clock.nowMs += 1_000;
  assert.equal(await second.pass(), DAY_MS - 1_000 + SPREAD_MS);
  assert.equal(input(second.prices), '6');
  assert.equal(second.prices.version, first.prices.version);
  assert.equal(server.asked.length, 1);

  server.answer = serving(shippedEdition(), '"2"');
  clock.nowMs += DAY_MS;
  await second.pass();
  await first.pass();
  assert.deepEqual([input(first.prices), input(second.prices)], ['5', '5']);
  assert.equal(server.asked.length, 2);
});

test('a kept list that is none is told, and the next one takes its place', async () => {
  using folder = newFolder();
  await using server = await startListServer(serving(DEARER, '"1"'));
  const { url } = server;
  const kept = { url, etag: null, checkedAtMs: START_MS, providers: DEARER };
  const table: readonly (readonly [string, RegExp])[] = [
    ['{"url"', /^prices\.json is no JSON$/],
    ['[]', /^prices\.json is no list that was kept$/],
    [JSON.stringify({ ...kept, checkedAtMs: 'today' }), /is no list that was kept$/],
    [JSON.stringify({ ...kept, providers: [{ id: 'anthropic' }] }), /^the list, at 0\.models/],
    [' '.repeat(LIMITS.priceListBytesMax + 1), /^prices\.json is too long$/],
  ];
  for (const [content, reason] of table) {
    writeFileSync(folder.file, content);
    await using gateway = await startProcess(server, folder.dataDir);
    assert.equal(gateway.prices.version, createPriceList({ userOverlay }).version);
    assert.match(String(gateway.warnings[0]?.fields['reason']), reason);
    await gateway.pass();
    assert.equal(gateway.warnings.length, 1);
    assert.equal(input(gateway.prices), '6');
    assert.equal(JSON.parse(readFileSync(folder.file, 'utf8')).etag, '"1"');
  }
  // A list of tomorrow, and one from elsewhere: they hold until another has come.
  for (const odd of [{ checkedAtMs: START_MS + DAY_MS }, { url: 'https://elsewhere.example' }]) {
    writeFileSync(folder.file, JSON.stringify({ ...kept, ...odd }));
    await using gateway = await startProcess(server, folder.dataDir);
    assert.equal(input(gateway.prices), '6');
    const asked = server.asked.length;
    assert.equal(await gateway.pass(), DAY_MS + SPREAD_MS);
    assert.equal(server.asked.length, asked + 1);
  }
});

test('where nothing can be kept, the list is used all the same and asked for once a day', async () => {
  using folder = newFolder();
  await using server = await startListServer(serving(DEARER, '"1"'));
  writeFileSync(folder.file, 'not a folder');
  await using gateway = await startProcess(server, folder.file);
  assert.equal(await gateway.pass(), DAY_MS + SPREAD_MS);
  assert.equal(input(gateway.prices), '6');
  assert.deepEqual(
    gateway.warnings.map(({ fields }) => fields['reason']),
    ['ENOTDIR', 'EEXIST'],
  );
});

test('disposing ends a wait and a request under way at once, and tells nothing', async () => {
  using folder = newFolder();
  const arrived = createLatch();
  await using server = await startListServer(() => arrived.open());
  const gateway = await startProcess(server, folder.dataDir, { readMsMax: 60_000 });
  await gateway.asked();
  gateway.end();
  await within(arrived.opened, 'no request');
  await within(gateway[Symbol.asyncDispose](), 'disposing');
  assert.deepEqual(gateway.warnings, []);
});

test('without settings nothing is read and nobody is asked', async () => {
  using folder = newFolder();
  const { dataDir } = folder;
  writeFileSync(folder.file, 'no list');
  const log = { info: assert.fail, warn: assert.fail };
  const wait = assert.fail;
  const options = { settings: null, dataDir, log, wait };
  await using refresh = await startPriceRefresh(options);
  assert.equal(refresh.list, SHIPPED_LIST);
  assert.equal(await readListInUse(options), SHIPPED_LIST);
});
