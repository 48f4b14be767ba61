import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { type Bus, connectBus } from '../../bus/connect.ts';
import { watchHealth } from '../../bus/health-watch.ts';
import { createLog } from '../../bus/log.ts';
import { startRoutingStore } from '../../bus/routing-store.ts';
import { openStateBucket, STATE_KEYS } from '../../bus/state-values.ts';
import { GatewayError } from '../../schemas/error.ts';
import type { HealthReport, RoutingSettings } from '../../schemas/routing.ts';
import { KV_BUCKETS } from '../../schemas/subjects.ts';
import { eventually } from '../support/latch.ts';
import { startTestNats, type TestNats } from '../support/nats.ts';

const log = createLog({ level: 'silent', name: 'test' });
const REPORT: HealthReport = { v: 1, atMs: 1, strategy: 'cost', providers: [] };

function connect({ url: servers, user, password }: TestNats): Promise<Bus> {
  return connectBus({ servers, user, password, name: 'test', log });
}

function withStrategy(strategy: RoutingSettings['strategy']) {
  return (settings: RoutingSettings): RoutingSettings => ({ ...settings, strategy });
}

test('settings that one changes reach the others, also those that start later', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using other = await connect(nats);
  await using store = startRoutingStore(bus, { log });
  await using second = startRoutingStore(other, { log });
  await using watch = watchHealth(other, { log });
  assert.deepEqual(store.settings(), { v: 1, strategy: null, maintenance: [] });
  const told: (string | null)[] = [];
  store.onSettings(({ strategy }) => told.push(strategy));
  const changed = await store.updateSettings(withStrategy('cost'));
  assert.deepEqual(changed, { v: 1, strategy: 'cost', maintenance: [] });
  assert.deepEqual([store.settings().strategy, told], ['cost', ['cost']], 'without waiting');
  await eventually(() => second.settings().strategy === 'cost', 'settings at the second');
  await eventually(() => watch.settings().strategy === 'cost', 'settings at the ingress');
  await using third = startRoutingStore(other, { log });
  await eventually(() => third.settings().strategy === 'cost', 'settings at the third');
});

test('changes made at once are all kept', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using other = await connect(nats);
  await using store = startRoutingStore(bus, { log });
  await using second = startRoutingStore(other, { log });
  const out = (provider: 'anthropic' | 'openrouter') => (settings: RoutingSettings) => ({
    ...settings,
    maintenance: [...settings.maintenance, { provider, sinceMs: 1 }],
  });
  await Promise.all([
    store.updateSettings(out('anthropic')),
    second.updateSettings(out('openrouter')),
    store.updateSettings(withStrategy('performance')),
  ]);
  const isWhole = ({ strategy, maintenance }: RoutingSettings) =>
    strategy === 'performance' && maintenance.length === 2;
  await eventually(() => isWhole(store.settings()) && isWhole(second.settings()), 'all changes');
});

test('settings nobody can read leave the last ones, and can be replaced', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using store = startRoutingStore(bus, { log });
  await store.updateSettings(withStrategy('cost'));
  const kv = await openStateBucket(bus);
  for (const nonsense of ['{', '{"v":1,"strategy":"best","maintenance":[]}', 'null']) {
    await kv.put(STATE_KEYS.settings, nonsense);
  }
  const changed = await store.updateSettings((settings) => ({
    ...settings,
    maintenance: [{ provider: 'anthropic', sinceMs: 1 }],
  }));
  assert.deepEqual(changed.strategy, null);
  await eventually(() => store.settings().maintenance.length === 1, 'the new settings');
});

test('a watch that starts before the bucket, or outlives it, still follows', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using watch = watchHealth(bus, { log });
  assert.equal(watch.latest(), null);
  await using store = startRoutingStore(bus, { log });
  await store.putHealth(REPORT);
  await eventually(() => watch.latest()?.atMs === 1, 'the first report');
  await (await jetstreamManager(bus.connection)).streams.delete(`KV_${KV_BUCKETS.state}`);
  await eventually(async () => {
    // The first write after the loss may fail: it makes the bucket anew.
    await store.putHealth({ ...REPORT, atMs: 2 }).catch(() => {});
    return watch.latest()?.atMs === 2;
  }, 'the report in the new bucket');
});

test('after a restart of nats-server the watch goes on', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using watch = watchHealth(bus, { log });
  await using store = startRoutingStore(bus, { log });
  await store.putHealth(REPORT);
  await eventually(() => watch.latest()?.atMs === 1, 'the first report');
  await nats.kill();
  await nats.restart();
  await bus.whenConnected(10_000);
  await eventually(
    () => store.putHealth({ ...REPORT, atMs: 2 }).then(...asBoolean),
    'the report is written',
  );
  await eventually(() => watch.latest()?.atMs === 2, 'the second report');
});

const asBoolean = [() => true, () => false] as const;

test('a snapshot is not written over one that its writer does not know', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using store = startRoutingStore(bus, { log });
  assert.equal(await store.readSnapshot(), null);
  const revision = await store.putSnapshot('{"n":1}', 0);
  assert.ok(revision !== null);
  assert.equal(await store.putSnapshot('{"n":2}', 0), null);
  assert.deepEqual(await store.readSnapshot(), { json: '{"n":1}', revision });
  assert.ok((await store.putSnapshot('{"n":3}', revision)) !== null);
});

test('the homes of conversations are kept beside the snapshot', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using store = startRoutingStore(bus, { log });
  assert.equal(await store.readConversations(), null);
  await store.putConversations('{"n":1}');
  await store.putConversations('{"n":2}');
  assert.equal((await store.readConversations())?.json, '{"n":2}');
  assert.equal(await store.readSnapshot(), null);
});

test('without a server settings cannot be changed: 503', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using store = startRoutingStore(bus, { log });
  await nats.kill();
  await eventually(() => !bus.isConnected, 'disconnected');
  await assert.rejects(
    store.updateSettings(withStrategy('cost')),
    (error: unknown) => error instanceof GatewayError && error.status === 503,
  );
});
