import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { createClientAuth } from '../../ingress/client-auth.ts';
import { GatewayError } from '../../schemas/error.ts';

const KEYS = ['sk-gw-first-0123456789', 'sk-gw-second-0123456789'];

function keyId(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16);
}

function identify(headers: Record<string, string>, keys: readonly string[] = KEYS): string | null {
  return createClientAuth(keys)((name) => headers[name]);
}

test('a key is accepted in either header and named by its hash', () => {
  for (const key of KEYS) {
    assert.equal(identify({ 'x-api-key': key }), keyId(key));
    assert.equal(identify({ authorization: `Bearer ${key}` }), keyId(key));
    assert.equal(identify({ authorization: `bearer  ${key}` }), keyId(key));
  }
});

test('with two credentials it is enough that one is right', () => {
  const [first = '', second = ''] = KEYS;
  assert.equal(
    identify({ 'x-api-key': 'wrong', authorization: `Bearer ${second}` }),
    keyId(second),
  );
  assert.equal(
    identify({ 'x-api-key': first, authorization: 'Bearer sk-ant-oat01-x' }),
    keyId(first),
  );
});

test('a wrong credential is refused with 401 and is not repeated', () => {
  const [first = ''] = KEYS;
  for (const headers of [
    { 'x-api-key': 'sk-ant-oat01-canary' },
    { 'x-api-key': '' },
    { 'x-api-key': first.slice(0, 20) },
    { 'x-api-key': `${first}x` },
    { 'x-api-key': keyId(first) },
    { 'x-api-key': createHash('sha256').update(first).digest('hex') },
    { authorization: 'Bearer sk-ant-oat01-canary' },
  ]) {
    assert.throws(
      () => identify(headers),
      (error: unknown) => {
        assert.ok(error instanceof GatewayError);
        assert.deepEqual([error.status, error.type], [401, 'authentication_error']);
        assert.equal(error.message, 'invalid x-api-key');
        assert.ok(!JSON.stringify(error).includes('canary'));
        return true;
      },
    );
  }
});

test('a missing credential is refused with 401', () => {
  for (const headers of [{}, { authorization: `Basic ${KEYS[0]}` }, { authorization: 'Bearer ' }]) {
    assert.throws(() => identify(headers), {
      status: 401,
      message: 'x-api-key header is required',
    });
  }
});

test('without keys everybody is accepted and nobody is named', () => {
  assert.equal(identify({}, []), null);
  assert.equal(identify({ 'x-api-key': 'anything' }, []), null);
});

test('an empty key cannot be configured', () => {
  assert.throws(() => createClientAuth(['good', '']), /empty/);
  assert.throws(() => createClientAuth([' ']), /empty/);
});
