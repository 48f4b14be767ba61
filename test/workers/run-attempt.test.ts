import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createVertexClaude } from '../../workers/providers/vertex-claude.ts';
import { startUpstream } from '../support/upstream.ts';
import {
  anthropicAt,
  ODD_BODY,
  PROVIDER_CONTEXT,
  RecordingSink,
  startAttempt,
  workOf,
} from './support/attempt.ts';
import {
  attemptAgainst,
  checkOnce,
  MESSAGE,
  openStream,
  WHOLE_BODY,
} from './support/attempt-against.ts';
import { ANSWER, PARTS } from './support/stream-text.ts';

describe('an attempt that succeeds', () => {
  it('relays a stream byte for byte and reports its usage', async () => {
    const record = await attemptAgainst((_hit, response) => {
      openStream(response);
      response.end(ANSWER);
    });
    checkOnce(record);
    const [head] = record.sink.heads;
    assert.equal(record.sink.bytes.toString(), ANSWER);
    assert.deepEqual(
      [head?.status, head?.kind, head?.upstreamModel],
      [200, 'sse', 'claude-opus-5-5'],
    );
    assert.deepEqual(head?.headers, [['x-upstream-request-id', 'req_up']]);
    const [event] = record.usage;
    assert.deepEqual(
      [
        event?.outcome,
        event?.status,
        event?.estimated,
        event?.stopReason,
        event?.responseModel,
        event?.id,
      ],
      ['completed', 200, false, 'end_turn', 'claude-up', 'req_test.0.usage'],
    );
    assert.deepEqual(event?.usage, {
      inputTokens: 70,
      cacheReadInputTokens: 5,
      cacheCreation5mInputTokens: 4,
      cacheCreation1hInputTokens: 0,
      outputTokens: 9,
      reasoningOutputTokens: 0,
      webSearchRequests: 0,
    });
    assert.notEqual(event?.firstByteMs, null);
    const kinds = record.observations.map(({ kind }) => kind);
    assert.deepEqual(kinds, ['started', 'answered', 'ended']);
  });

  it('sends the client’s body as it came, with its length', async () => {
    await using upstream = await startUpstream((_hit, response) => {
      openStream(response);
      response.end(ANSWER);
    });
    await startAttempt(anthropicAt(upstream.origin), workOf(ODD_BODY)).done;
    assert.equal(upstream.hits[0]?.body.toString(), ODD_BODY);
    assert.equal(upstream.hits[0]?.header('content-length'), String(Buffer.byteLength(ODD_BODY)));
    assert.equal(upstream.hits[0]?.header('transfer-encoding'), undefined);
  });

  it('sends an edited body in pieces, as one body', async () => {
    await using upstream = await startUpstream((_hit, response) => {
      openStream(response);
      response.end(ANSWER);
    });
    const big = ODD_BODY.replace('"x":-0', `"x":-0,"pad":"${'é'.repeat(300_000)}"`);
    const vertex = createVertexClaude(
      {
        id: 'vertex-claude',
        isEnabled: true,
        offReason: null,
        account: 'ACCOUNT',
        baseUrl: upstream.origin,
        apiKey: 'token',
        projectId: 'p',
        region: 'global',
      },
      PROVIDER_CONTEXT,
    );
    const record = startAttempt(vertex, workOf(big));
    await record.done;
    checkOnce(record);
    assert.equal(record.sink.ends.length, 1);
    const expected = big.replace(
      '"model":"claude-opus-5-5", ',
      '"anthropic_version":"vertex-2023-10-16",',
    );
    assert.equal(upstream.hits[0]?.body.toString(), expected);
    assert.equal(upstream.hits[0]?.header('content-length'), String(Buffer.byteLength(expected)));
  });

  it('relays a JSON answer as it came', async () => {
    const record = await attemptAgainst((_hit, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(MESSAGE);
    }, WHOLE_BODY);
    checkOnce(record);
    assert.equal(record.sink.heads[0]?.kind, 'json');
    assert.equal(record.sink.bytes.toString(), MESSAGE);
    assert.equal(record.usage[0]?.usage.outputTokens, 2);
  });

  it('folds a stream for a client that wants one message', async () => {
    const record = await attemptAgainst((_hit, response) => {
      openStream(response);
      response.end(ANSWER);
    }, WHOLE_BODY);
    checkOnce(record);
    assert.equal(record.sink.heads[0]?.kind, 'json');
    const message = JSON.parse(record.sink.bytes.toString());
    assert.deepEqual(message.content, [{ type: 'text', text: 'hello there, client' }]);
    assert.equal(message.usage.output_tokens, 9);
    assert.equal(message.stop_reason, 'end_turn');
  });

  it('unfolds a JSON answer for a client that wants a stream', async () => {
    const record = await attemptAgainst((_hit, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(MESSAGE);
    });
    checkOnce(record);
    assert.equal(record.sink.heads[0]?.kind, 'sse');
    assert.match(
      record.sink.bytes.toString(),
      /^event: message_start[\s\S]*"text":"hi"[\s\S]*event: message_stop\ndata: .*\n\n$/,
    );
  });

  it('relays a token count and reports no usage', async () => {
    await using upstream = await startUpstream((_hit, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{"input_tokens":17}');
    });
    const work = workOf(WHOLE_BODY, { facts: { operation: 'count_tokens' } });
    const record = startAttempt(anthropicAt(upstream.origin), work);
    await record.done;
    assert.equal(upstream.hits[0]?.path, '/v1/messages/count_tokens');
    assert.equal(record.sink.bytes.toString(), '{"input_tokens":17}');
    assert.deepEqual([record.usage.length, record.sink.ends.length], [0, 1]);
  });

  it('needs no end of the connection after message_stop, and cuts an upstream that goes on', async () => {
    const record = await attemptAgainst((_hit, response) => {
      openStream(response);
      response.write(ANSWER);
    });
    checkOnce(record);
    assert.equal(record.sink.bytes.toString(), ANSWER);
  });
});

describe('the beginning of a stream', () => {
  it('is held until the first content', async () => {
    const sink = new RecordingSink();
    const gate = Promise.withResolvers<void>();
    const attempt = attemptAgainst(
      async (_hit, response) => {
        openStream(response);
        response.write(PARTS.start + PARTS.ping);
        await gate.promise;
        response.end(ANSWER.slice((PARTS.start + PARTS.ping).length));
      },
      ODD_BODY,
      { sink },
    );
    const first = sink.nextWrite();
    gate.resolve();
    await first;
    const [bytes] = sink.writes;
    assert.ok(
      Buffer.from(bytes ?? [])
        .toString()
        .startsWith(PARTS.start + PARTS.ping + PARTS.blockStart),
    );
    await attempt;
    assert.equal(sink.bytes.toString(), ANSWER);
  });

  it('is let go after the hold time', async () => {
    const sink = new RecordingSink();
    const gate = Promise.withResolvers<void>();
    const attempt = attemptAgainst(
      async (_hit, response) => {
        openStream(response);
        response.write(PARTS.start);
        await gate.promise;
        response.end(ANSWER.slice(PARTS.start.length));
      },
      ODD_BODY,
      { sink },
    );
    await sink.nextWrite();
    assert.equal(sink.bytes.toString(), PARTS.start);
    assert.equal(sink.heads.length, 1);
    gate.resolve();
    await attempt;
    assert.equal(sink.bytes.toString(), ANSWER);
  });
});
