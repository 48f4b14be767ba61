import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { GatewayError } from '../../schemas/error.ts';
import { startUpstream } from '../support/upstream.ts';
import {
  type AttemptRecord,
  anthropicAt,
  ODD_BODY,
  RecordingSink,
  startAttempt,
  workOf,
} from './support/attempt.ts';
import { attemptAgainst, checkOnce, openStream } from './support/attempt-against.ts';
import { ANSWER, PARTS } from './support/stream-text.ts';

describe('F37-F41: an upstream that fails after the client has seen something', () => {
  const committed = PARTS.start + PARTS.blockStart + PARTS.delta;

  async function brokenAfter(
    then: (response: ServerResponse) => void,
    client = {},
  ): Promise<AttemptRecord> {
    const sink = new RecordingSink();
    const gate = sink.nextWrite();
    const record = await attemptAgainst(
      async (_hit, response) => {
        openStream(response);
        response.write(committed);
        await gate;
        then(response);
      },
      ODD_BODY,
      { sink, client },
    );
    checkOnce(record);
    assert.equal(record.sink.bytes.toString(), committed);
    assert.equal(record.usage[0]?.outcome, 'failed');
    assert.equal(record.usage[0]?.estimated, true);
    assert.equal(record.usage[0]?.usage.inputTokens, 70);
    assert.ok((record.usage[0]?.usage.outputTokens ?? 0) >= 4);
    return record;
  }

  it('F40: hands the error event’s own data on, and none of its bytes', async () => {
    const { sink } = await brokenAfter((response) => response.end(PARTS.overloaded));
    assert.equal(
      sink.errors[0]?.body,
      '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
    );
  });

  it('F38: reports a clean end without message_stop', async () => {
    const { sink } = await brokenAfter((response) => response.end('event: content_block_del'));
    assert.equal(sink.errors[0]?.type, 'api_error');
  });

  it('F38: reports a reset', async () => {
    const { sink } = await brokenAfter((response) => response.socket?.resetAndDestroy());
    assert.match(sink.errors[0]?.message ?? '', /broke off/);
  });

  it('F37: reports silence beyond the idle time', async () => {
    const { sink } = await brokenAfter(() => undefined, { idleMs: 150 });
    assert.equal(sink.errors[0]?.type, 'timeout_error');
  });

  it('F41: estimates when the stream names no usage', async () => {
    const bare = ANSWER.replace(
      /"usage":\{[^}]*\}/g,
      '"usage":{"output_tokens":-3,"input_tokens":1.5}',
    );
    const record = await attemptAgainst((_hit, response) => {
      openStream(response);
      response.end(bare);
    });
    checkOnce(record);
    assert.equal(record.sink.bytes.toString(), bare);
    const [event] = record.usage;
    assert.deepEqual(
      [event?.outcome, event?.estimated, event?.usage.inputTokens],
      ['completed', true, 1234],
    );
    assert.ok((event?.usage.outputTokens ?? 0) >= 4);
  });
});

describe('a client that leaves', () => {
  it('stops the upstream within 100 ms and pays an estimate', async () => {
    const sink = new RecordingSink();
    await using upstream = await startUpstream((_hit, response) => {
      openStream(response);
      response.write(PARTS.start + PARTS.blockStart + PARTS.delta);
    });
    const record = startAttempt(anthropicAt(upstream.origin), workOf(ODD_BODY), { sink });
    await sink.nextWrite();
    const leftAtMs = performance.now();
    sink.cancel();
    await upstream.hits[0]?.closed;
    assert.ok(performance.now() - leftAtMs < 100);
    await record.done;
    checkOnce(record);
    const [event] = record.usage;
    assert.deepEqual(
      [event?.outcome, event?.estimated, event?.usage.inputTokens],
      ['cancelled', true, 70],
    );
  });

  it('before the upstream answered, is billed as possibly begun', async () => {
    const sink = new RecordingSink();
    await using upstream = await startUpstream(() => undefined);
    const record = startAttempt(anthropicAt(upstream.origin), workOf(ODD_BODY), { sink });
    const hit = await upstream.hit(0);
    sink.cancel();
    await hit.closed;
    await record.done;
    checkOnce(record);
    assert.deepEqual(
      [record.usage[0]?.outcome, record.usage[0]?.usage.inputTokens],
      ['cancelled', 1234],
    );
  });

  it('before the call, costs nothing and calls nobody', async () => {
    const sink = new RecordingSink();
    sink.cancel();
    await using upstream = await startUpstream(() => undefined);
    const record = startAttempt(anthropicAt(upstream.origin), workOf(ODD_BODY), { sink });
    await record.done;
    checkOnce(record);
    assert.equal(upstream.hits.length, 0);
    assert.deepEqual(
      [record.usage[0]?.outcome, record.usage[0]?.usage.inputTokens],
      ['cancelled', 0],
    );
  });
});

describe('a slow client', () => {
  it('stops the upstream’s socket, and gets everything once it reads', async () => {
    const sink = new RecordingSink();
    const big = PARTS.delta.repeat(100_000);
    const written = { all: false };
    await using upstream = await startUpstream((_hit, response) => {
      openStream(response);
      response.write(PARTS.start + PARTS.blockStart);
      response.write(big, () => {
        written.all = true;
      });
      response.end(PARTS.blockStop + PARTS.messageDelta + PARTS.stop);
    });
    sink.isWritable = false;
    const first = sink.nextWrite();
    const record = startAttempt(anthropicAt(upstream.origin), workOf(ODD_BODY), { sink });
    await first;
    const before = sink.bytes.length;
    // The upstream fills what buffers there are between us, and then must stand still.
    let settled = -1;
    while (settled !== sink.bytes.length) {
      settled = sink.bytes.length;
      for (let turns = 0; turns < 50; turns++)
        await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(sink.bytes.length, before);
    assert.equal(written.all, false);
    sink.makeRoom();
    await record.done;
    checkOnce(record);
    assert.equal(
      sink.bytes.length,
      ANSWER.length - PARTS.ping.length - PARTS.delta.length + big.length,
    );
  });
});

describe('a body that cannot be fetched', () => {
  it('ends the attempt with its one usage event, and the upstream hears nothing', async () => {
    await using upstream = await startUpstream((_hit, response) => void response.end());
    const record = startAttempt(anthropicAt(upstream.origin), workOf(ODD_BODY), {
      fetchBody: () =>
        Promise.reject(
          new GatewayError('api_error', 'the request body is no longer held', { status: 502 }),
        ),
    });
    await record.done;
    checkOnce(record);
    assert.equal(record.sink.errors[0]?.status, 502);
    assert.equal(record.usage[0]?.usage.inputTokens, 0);
    assert.equal(upstream.hits.length, 0);
  });
});
