import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAdminAuth } from '../../ingress/admin-auth.ts';
import { GatewayError } from '../../schemas/error.ts';

const KEY = 'admin-key-for-tests-0001';

interface Setup {
  readonly adminApiKey?: string | null;
  readonly host?: string;
  readonly allowedHosts?: readonly string[];
}

/** The status that a request with these headers is refused with; 200 = it may pass. */
function statusOf(headers: Readonly<Record<string, string>>, setup: Setup = {}): number {
  const auth = createAdminAuth({
    adminApiKey: null,
    host: '127.0.0.1',
    allowedHosts: [],
    ...setup,
  });
  try {
    auth((name) => ({ host: 'localhost:8080', ...headers })[name]);
    return 200;
  } catch (error) {
    assert.ok(error instanceof GatewayError, String(error));
    assert.doesNotMatch(error.message, new RegExp(KEY));
    return error.status;
  }
}

test('with a key the key decides, wherever the gateway listens', () => {
  for (const host of ['127.0.0.1', '0.0.0.0']) {
    const setup = { adminApiKey: KEY, host };
    assert.equal(statusOf({ 'x-api-key': KEY }, setup), 200);
    assert.equal(statusOf({ authorization: `Bearer ${KEY}` }, setup), 200);
    assert.equal(statusOf({ 'x-api-key': 'client', authorization: `Bearer ${KEY}` }, setup), 200);
    assert.equal(statusOf({}, setup), 401);
    assert.equal(statusOf({ 'x-api-key': '' }, setup), 401);
    assert.equal(statusOf({ 'x-api-key': `${KEY} ` }, setup), 401);
    assert.equal(statusOf({ 'x-api-key': KEY.slice(1) }, setup), 401);
    assert.equal(statusOf({ authorization: KEY }, setup), 401);
  }
});

test('without a key only this machine administers', () => {
  for (const host of ['127.0.0.1', 'localhost', '::1']) assert.equal(statusOf({}, { host }), 200);
  for (const host of ['0.0.0.0', '::', '10.0.0.7']) assert.equal(statusOf({}, { host }), 403);
  for (const name of ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip', 'x-forwarded-host']) {
    assert.equal(statusOf({ [name]: '10.0.0.9' }), 403, name);
  }
});

test('without a key a page whose name points here administers nothing', () => {
  assert.equal(statusOf({ host: 'evil.example' }), 403);
  assert.equal(statusOf({ origin: 'https://evil.example' }), 403);
  assert.equal(statusOf({ host: 'gateway.test' }, { allowedHosts: ['gateway.test'] }), 200);
});
