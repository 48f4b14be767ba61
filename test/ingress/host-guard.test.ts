import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type AllowedNames, checkHost } from '../../ingress/host-guard.ts';
import { GatewayError } from '../../schemas/error.ts';

const NAMES: AllowedNames = { host: '127.0.0.1', allowed: ['Gateway.example', 'fd00::7'] };

function passes(headers: Record<string, string>, names: AllowedNames = NAMES): boolean {
  try {
    checkHost({ header: (name) => headers[name] }, names);
    return true;
  } catch (error) {
    assert.ok(error instanceof GatewayError, String(error));
    assert.deepEqual([error.status, error.type], [403, 'permission_error']);
    return false;
  }
}

test('loopback names and configured names pass with any port', () => {
  for (const host of [
    ...['127.0.0.1:8080', '127.0.0.1', '127.9.9.9:1', 'localhost:8080', 'LOCALHOST', 'localhost.'],
    ...['[::1]:8080', '[::1]', 'gateway.example:443', 'GATEWAY.example', '[fd00::7]:8080'],
  ]) {
    assert.ok(passes({ host }), host);
  }
});

test('other names, and texts that only look like ours, are refused', () => {
  for (const host of [
    ...['evil.example', 'evil.example:8080', 'localhost.evil.example', '127.0.0.1.evil.example'],
    ...[
      'x@localhost',
      'localhost:8080@evil.example',
      'localhost:80:80',
      'localhost/..',
      'localhost ',
    ],
    ...['[::1', '::1', '[::2]', '0.0.0.0:8080', '', '127.0.0.1:port', 'evil.example#localhost'],
  ]) {
    assert.ok(!passes({ host }), host);
  }
  assert.ok(!passes({}), 'no Host');
});

test('the listening address passes unless it is a wildcard', () => {
  assert.ok(passes({ host: '10.0.0.5:8080' }, { host: '10.0.0.5', allowed: [] }));
  assert.ok(passes({ host: '[fd00::5]:8080' }, { host: 'fd00::5', allowed: [] }));
  for (const host of ['0.0.0.0', '::']) {
    assert.ok(!passes({ host: `${host}:8080` }, { host, allowed: [] }));
    assert.ok(!passes({ host: 'gateway:8080' }, { host, allowed: [] }));
    assert.ok(passes({ host: 'gateway:8080' }, { host, allowed: ['*'] }));
  }
});

test('a page of another site is refused even when Host is right', () => {
  for (const origin of [
    ...['https://evil.example', 'http://evil.example:8080', 'null', '', 'file://', 'https://'],
    ...[
      'http://localhost.evil.example',
      'http://localhost@evil.example',
      'chrome-extension://localhost',
    ],
  ]) {
    assert.ok(!passes({ host: 'localhost:8080', origin }), origin);
    assert.ok(
      !passes({ host: 'gateway:8080', origin }, { host: '0.0.0.0', allowed: ['*'] }),
      origin,
    );
  }
});

test('pages of the gateway itself and of allowed names pass', () => {
  assert.ok(passes({ host: '127.0.0.1:8080', origin: 'http://127.0.0.1:8080' }));
  assert.ok(passes({ host: '127.0.0.1:8080', origin: 'http://localhost:3000' }));
  assert.ok(passes({ host: 'localhost', origin: 'https://gateway.example' }));
  assert.ok(
    passes({ host: 'gateway:1', origin: 'http://gateway:1' }, { host: '::', allowed: ['*'] }),
  );
});

test('no text makes the guard fail otherwise, nor take long', () => {
  fc.assert(
    fc.property(fc.string(), fc.option(fc.string(), { nil: undefined }), (host, origin) => {
      passes(origin === undefined ? { host } : { host, origin });
    }),
  );
  const startMs = performance.now();
  passes({ host: '1'.repeat(30_000), origin: `http://${'['.repeat(30_000)}` });
  assert.ok(performance.now() - startMs < 100);
});
