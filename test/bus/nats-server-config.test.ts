import assert from 'node:assert/strict';
import { test } from 'node:test';
import { natsServerConfig } from '../../bus/nats-server-config.ts';

const SETTINGS = {
  port: -1,
  user: 'gateway',
  password: 'secret',
  storeDir: '/data/store',
  portsDir: '/data/ports',
};

function lines(version: readonly number[]): readonly string[] {
  return natsServerConfig({ ...SETTINGS, version })
    .split('\n')
    .map((line) => line.trim());
}

test('a setting that a version refuses is left out', () => {
  const settings = { sync: 'sync_interval: always', stall: 'no_fast_producer_stall: true' };
  const has = (version: readonly number[]) => ({
    sync: lines(version).includes(settings.sync),
    stall: lines(version).includes(settings.stall),
  });
  assert.deepEqual(has([2, 9, 10]), { sync: false, stall: false });
  assert.deepEqual(has([2, 9, 99]), { sync: false, stall: false });
  assert.deepEqual(has([2, 10, 0]), { sync: true, stall: false });
  assert.deepEqual(has([2, 10, 25]), { sync: true, stall: false });
  assert.deepEqual(has([2, 10, 26]), { sync: true, stall: true });
  assert.deepEqual(has([2, 15, 1]), { sync: true, stall: true });
  assert.deepEqual(has([3, 0, 0]), { sync: true, stall: true });
});

test('nothing but one authenticated loopback port is opened', () => {
  const config = natsServerConfig({ ...SETTINGS, version: [2, 15, 1] });
  assert.match(config, /^listen: "127\.0\.0\.1:-1"$/m);
  assert.match(config, /^authorization \{ user: "gateway", password: "secret" \}$/m);
  assert.doesNotMatch(
    config,
    /\b(http|https|http_port|https_port|monitor_port|websocket|mqtt|leafnodes|cluster|gateway|no_auth_user|0\.0\.0\.0)\b\s*[:{]/,
  );
});

test('paths with spaces, quotes and backslashes stay one value', () => {
  const config = natsServerConfig({
    ...SETTINGS,
    version: [2, 9, 10],
    storeDir: '/home/a b/"x"\\y',
  });
  assert.match(config, /store_dir: "\/home\/a b\/\\"x\\"\\\\y"/);
});
