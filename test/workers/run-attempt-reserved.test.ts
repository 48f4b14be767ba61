import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { NO_USAGE } from '../../schemas/usage.ts';
import { startUpstream } from '../support/upstream.ts';
import { anthropicAt, ODD_BODY, RecordingSink, startAttempt, workOf } from './support/attempt.ts';
import { attemptAgainst, checkOnce, MESSAGE, WHOLE_BODY } from './support/attempt-against.ts';

suite('the reservation of an attempt', () => {
  test('is made once, before the upstream hears of it, however often that is asked', async () => {
    await using upstream = await startUpstream((_hit, response) => {
      const isRefused = upstream.hits.length === 1;
      response.writeHead(isRefused ? 401 : 200, { 'content-type': 'application/json' });
      response.end(isRefused ? '{}' : MESSAGE);
    });
    const provider = { ...anthropicAt(upstream.origin), renewCredential: async () => true };
    const record = startAttempt(provider, workOf(WHOLE_BODY));
    await record.done;
    checkOnce(record);
    assert.equal(upstream.hits.length, 2);
    assert.equal(record.reservations.length, 1);
    assert.equal(record.reservations[0]?.attemptId, 'req_test.0');
    assert.equal(record.reservations[0]?.upstreamModel, record.usage[0]?.upstreamModel);
  });

  test('is not made for an attempt that is too late', async () => {
    const record = await attemptAgainst(() => assert.fail('nobody calls'), ODD_BODY, {
      deadlineMs: Date.now() - 1,
    });
    checkOnce(record);
    assert.equal(record.reservations.length, 0);
    assert.deepEqual([record.usage[0]?.usage, record.usage[0]?.cost?.picodollars], [NO_USAGE, '0']);
  });

  test('is ended at no cost when the upstream cannot be reached', async () => {
    const record = startAttempt(anthropicAt('http://127.0.0.1:9'), workOf(ODD_BODY));
    await record.done;
    checkOnce(record);
    assert.equal(record.reservations.length, 1);
    const [event] = record.usage;
    assert.deepEqual(
      [event?.outcome, event?.usage, event?.cost?.picodollars],
      ['failed', NO_USAGE, '0'],
    );
  });
});

suite('an attempt that waits for its reservation', () => {
  test('calls the upstream only then', async () => {
    await using upstream = await startUpstream((_hit, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(MESSAGE);
    });
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const work = workOf(WHOLE_BODY);
    const record = startAttempt(anthropicAt(upstream.origin), work, { acknowledged: promise });
    await new Promise((next) => setImmediate(next));
    assert.deepEqual([record.reservations.length, upstream.hits.length], [1, 0]);
    resolve(true);
    await record.done;
    checkOnce(record);
    assert.deepEqual([upstream.hits.length, record.sink.ends.length], [1, 1]);
    assert.equal(record.usage[0]?.messageId, 'msg_1');
  });

  test('fails without it: nothing is sent, and no other provider is to be asked', async () => {
    const record = await attemptAgainst(() => assert.fail('nobody calls'), ODD_BODY, {
      acknowledged: Promise.resolve(false),
    });
    checkOnce(record);
    const [error] = record.sink.errors;
    assert.deepEqual(
      [error?.type, error?.status, error?.isFailover],
      ['overloaded_error', 529, false],
    );
    assert.match(error?.message ?? '', /ACCOUNTING=strict/);
    const [event] = record.usage;
    assert.deepEqual(
      [event?.outcome, event?.usage, event?.cost?.picodollars, event?.messageId],
      ['failed', NO_USAGE, '0', null],
    );
  });

  test('costs nothing when the client leaves meanwhile', async () => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const sink = new RecordingSink();
    const work = workOf(ODD_BODY);
    const provider = anthropicAt('http://127.0.0.1:9');
    const record = startAttempt(provider, work, { sink, acknowledged: promise });
    await new Promise((next) => setImmediate(next));
    sink.cancel();
    resolve(true);
    await record.done;
    checkOnce(record);
    const [event] = record.usage;
    assert.deepEqual([event?.outcome, event?.cost?.picodollars], ['cancelled', '0']);
  });
});
