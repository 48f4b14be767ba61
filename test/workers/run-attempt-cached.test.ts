import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_USAGE } from '../../schemas/usage.ts';
import { startUpstream, type UpstreamScript } from '../support/upstream.ts';
import {
  type AttemptRecord,
  anthropicAt,
  ODD_BODY,
  PRICES,
  RecordingSink,
  startAttempt,
  workOf,
} from './support/attempt.ts';
import { checkOnce, openStream, WHOLE_BODY } from './support/attempt-against.ts';
import { CACHED_PROMPT } from './support/prompt.ts';
import { PARTS } from './support/stream-text.ts';

/** Runs an attempt of a prompt of which 900 of 1,000 tokens are cached. */
async function attempt(
  script: UpstreamScript,
  options: { body?: string; deadlineMs?: number; sink?: RecordingSink } = {},
): Promise<AttemptRecord> {
  await using upstream = await startUpstream(script);
  const { body = ODD_BODY, deadlineMs, sink = new RecordingSink() } = options;
  const facts = { inputTokensEstimate: 1_000, cacheTtlMs: 300_000 };
  const work = workOf(body, { facts, ...(deadlineMs === undefined ? {} : { deadlineMs }) });
  work.dispatch = { ...work.dispatch, cachedTokens: 900 };
  const record = startAttempt(anthropicAt(upstream.origin), work, { sink });
  await record.done;
  checkOnce(record);
  return record;
}

function checkExpected({ usage: [event], observations, reservations }: AttemptRecord): void {
  assert.equal(event?.estimated, true);
  const { outputTokens } = event.usage;
  assert.deepEqual(event.usage, { ...NO_USAGE, ...CACHED_PROMPT, outputTokens });
  const prices = PRICES.pricesOf({ provider: 'anthropic', upstreamModel: 'claude-opus-5-5' });
  const prompt = 900n * prices.cacheRead + 100n * prices.cacheWrite5m;
  const cost = BigInt(event.cost?.picodollars ?? 0);
  assert.equal(cost, prompt + BigInt(outputTokens) * prices.output);
  assert.equal(BigInt(reservations[0]?.picodollarsIfLost ?? 0), prompt);
  const ended = observations.find(({ kind }) => kind === 'ended');
  assert.ok(ended?.kind === 'ended');
  assert.deepEqual([ended.usage, ended.inputTokensEstimate], [event.usage, 1_000]);
}

describe('what an upstream never said of a cached prompt', () => {
  it('is expected of one that breaks off before its answer', async () => {
    checkExpected(await attempt((_hit, response) => void response.socket?.resetAndDestroy()));
  });

  it('is expected of one that stays silent until the deadline', async () => {
    checkExpected(await attempt(() => undefined, { deadlineMs: Date.now() + 150 }));
  });

  it('is expected of one whose client left before it answered', async () => {
    const sink = new RecordingSink();
    const record = await attempt(() => sink.cancel(), { sink });
    assert.equal(record.usage[0]?.outcome, 'cancelled');
    checkExpected(record);
  });

  it('is expected of one whose client left after its headers', async () => {
    const sink = new RecordingSink();
    const started = (_hit: unknown, response: Parameters<UpstreamScript>[1]): void => {
      openStream(response);
      response.write(PARTS.blockStart, () => sink.cancel());
    };
    checkExpected(await attempt(started, { sink }));
  });

  for (const [name, type, text, body] of [
    ['a stream without message_start', 'text/event-stream', PARTS.blockStart, ODD_BODY],
    ['the same for a client that wants one message', 'text/event-stream', PARTS.delta, WHOLE_BODY],
    ['JSON that is cut', 'application/json', '{"id":"msg_1","content":[', WHOLE_BODY],
    ['a message without usage', 'application/json', '{"content":[]}', WHOLE_BODY],
  ] as const) {
    it(`is expected of ${name}`, async () => {
      const record = await attempt(
        (_hit, response) => {
          response.writeHead(200, { 'content-type': type });
          response.end(text);
        },
        { body },
      );
      checkExpected(record);
    });
  }

  it('is expected of an answer that came compressed', async () => {
    const record = await attempt((_hit, response) => {
      response.writeHead(200, { 'content-encoding': 'br' });
      response.end('x');
    });
    checkExpected(record);
  });

  it('is not asked any more once message_start told it', async () => {
    const { usage } = await attempt((_hit, response) => {
      openStream(response);
      response.end(PARTS.start + PARTS.blockStart + PARTS.delta);
    });
    assert.equal(usage[0]?.estimated, true);
    assert.deepEqual(
      [
        usage[0]?.usage.inputTokens,
        usage[0]?.usage.cacheReadInputTokens,
        usage[0]?.usage.cacheCreation5mInputTokens,
      ],
      [70, 5, 4],
    );
  });

  it('is not asked of who refused: nothing is owed', async () => {
    const { usage } = await attempt((_hit, response) => {
      response.writeHead(529, { 'content-type': 'application/json' });
      response.end('{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}');
    });
    assert.deepEqual([usage[0]?.usage, usage[0]?.estimated], [NO_USAGE, false]);
  });
});
