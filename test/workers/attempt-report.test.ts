import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_USAGE } from '../../schemas/usage.ts';
import { createVertexClaude } from '../../workers/providers/vertex-claude.ts';
import { startUpstream } from '../support/upstream.ts';
import {
  type AttemptRecord,
  anthropicAt,
  ODD_BODY,
  PROVIDER_CONTEXT,
  RecordingSink,
  startAttempt,
  workOf,
} from './support/attempt.ts';
import { attemptAgainst, MESSAGE, openStream, WHOLE_BODY } from './support/attempt-against.ts';
import { ANSWER, PARTS } from './support/stream-text.ts';

const TARGET = {
  attemptId: 'req_test.0',
  provider: 'anthropic',
  account: 'ANTHROPIC_API_KEY',
  upstreamModel: 'claude-opus-5-5',
} as const;
const MESSAGES = { facts: { agentId: 'agent-1', cacheTtlMs: 300_000 } } as const;

function kinds({ observations }: AttemptRecord): string[] {
  return observations.map(({ kind }) => kind);
}

describe('what routers hear of an attempt', () => {
  it('that succeeds: its start, its headers, its end', async () => {
    await using upstream = await startUpstream((_hit, response) => {
      response.setHeader('anthropic-ratelimit-requests-limit', '50');
      response.setHeader('anthropic-ratelimit-requests-remaining', '49');
      openStream(response);
      response.end(ANSWER);
    });
    const record = startAttempt(anthropicAt(upstream.origin), workOf(ODD_BODY, MESSAGES));
    await record.done;
    const [started, answered, ended] = record.observations;
    assert.deepEqual(kinds(record), ['started', 'answered', 'ended']);
    const conversation = 'session-1/agent-1';
    const shape = { isStream: true, requestClass: 'main', conversation } as const;
    assert.deepEqual(started, {
      kind: 'started',
      ...TARGET,
      ...shape,
      inputTokensEstimate: 1234,
      maxOutputTokens: 16,
    });
    assert.ok(answered?.kind === 'answered' && ended?.kind === 'ended');
    const { headersMs, ...told } = answered;
    assert.ok(headersMs >= 0);
    const window = { kind: 'requests', scope: 'model', periodMs: 60_000, resetInMs: null } as const;
    assert.deepEqual(told, {
      kind: 'answered',
      ...TARGET,
      status: 200,
      windows: [{ ...window, limit: 50, remaining: 49 }],
    });
    const { firstContentMs, durationMs, ...rest } = ended;
    assert.ok(firstContentMs !== null && firstContentMs >= headersMs);
    assert.ok(durationMs >= firstContentMs);
    assert.deepEqual(rest, {
      kind: 'ended',
      ...TARGET,
      ...shape,
      outcome: 'completed',
      failure: null,
      status: 200,
      retryAfterMs: null,
      windows: [],
      cacheTtlMs: 300_000,
      usage: record.usage[0]?.usage,
      isEstimated: false,
      inputTokensEstimate: 1234,
    });
    assert.deepEqual(record.urgent, []);
  });

  it('that ends before its headers were told: they are told with its end', async () => {
    const answer = (body: string) =>
      startUpstream((_hit, response) => {
        response.setHeader('anthropic-ratelimit-requests-limit', '50');
        response.setHeader('anthropic-ratelimit-requests-remaining', '49');
        openStream(response);
        response.end(body);
      });
    const readings: unknown[] = [];
    for (const body of [ANSWER, PARTS.start + PARTS.overloaded]) {
      await using upstream = await answer(body);
      const work = workOf(ODD_BODY, MESSAGES);
      const record = startAttempt(anthropicAt(upstream.origin), work, { areGathered: true });
      await record.done;
      const ended = record.observations.at(-1);
      assert.ok(ended?.kind === 'ended');
      readings.push([kinds(record), ended.windows.map(({ remaining }) => remaining)]);
    }
    // The windows of a failure are those that it is about.
    assert.deepEqual(readings, [
      [['started', 'ended'], [49]],
      [['started', 'answered', 'ended'], []],
    ]);
  });

  it('that is refused: what the refusal says, before the ingress hears of it', async () => {
    let heardBefore: string[] = [];
    class WatchingSink extends RecordingSink {
      override error(error: Parameters<RecordingSink['error']>[0]): void {
        heardBefore = kinds(record);
        super.error(error);
      }
    }
    await using upstream = await startUpstream((_hit, response) => {
      response.writeHead(429, {
        'retry-after': '90',
        'anthropic-ratelimit-requests-limit': '50',
        'anthropic-ratelimit-requests-remaining': '0',
      });
      response.end('{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}');
    });
    const record: AttemptRecord = startAttempt(anthropicAt(upstream.origin), workOf(ODD_BODY), {
      sink: new WatchingSink(),
    });
    await record.done;
    assert.deepEqual(heardBefore, ['started', 'answered', 'ended']);
    const ended = record.observations.at(-1);
    assert.deepEqual(record.urgent, [ended]);
    assert.ok(ended?.kind === 'ended');
    const { outcome, failure, status, retryAfterMs, windows, firstContentMs, usage } = ended;
    assert.deepEqual(
      { outcome, failure, status, retryAfterMs, firstContentMs, usage },
      {
        outcome: 'failed',
        failure: 'rate_limited',
        status: 429,
        retryAfterMs: 90_000,
        firstContentMs: null,
        usage: NO_USAGE,
      },
    );
    assert.deepEqual([windows.length, windows[0]?.kind, windows[0]?.remaining], [1, 'requests', 0]);
    assert.equal(record.sink.errors[0]?.limitedBy, 'requests');
    // The client's wait is what the upstream said, too.
    assert.deepEqual(
      record.sink.errors[0]?.headers.find(([name]) => name === 'retry-after'),
      ['retry-after', '90'],
    );
  });

  it('that fails in the middle: its kind, and what was used', async () => {
    const record = await attemptAgainst((_hit, response) => {
      openStream(response);
      response.end(PARTS.start + PARTS.blockStart + PARTS.delta + PARTS.overloaded);
    });
    const ended = record.observations.at(-1);
    assert.ok(ended?.kind === 'ended');
    assert.deepEqual([ended.failure, ended.status], ['overloaded', 200]);
    assert.equal(ended.usage.inputTokens, 70);
    assert.deepEqual(record.urgent, [ended]);
  });

  it('that never reached its provider: no connection', async () => {
    await using upstream = await startUpstream(() => undefined);
    const { origin } = upstream;
    await upstream[Symbol.asyncDispose]();
    const record = startAttempt(anthropicAt(origin), workOf(ODD_BODY));
    await record.done;
    assert.deepEqual(kinds(record), ['started', 'ended']);
    const [, ended] = record.observations;
    assert.ok(ended?.kind === 'ended');
    assert.deepEqual([ended.failure, ended.status], ['connection', null]);
  });

  it('whose client left: cancelled, and no failure', async () => {
    const sink = new RecordingSink();
    const record: AttemptRecord = await attemptAgainst(
      (_hit, response) => {
        openStream(response);
        response.write(PARTS.start);
        sink.cancel();
      },
      ODD_BODY,
      { sink },
    );
    const ended = record.observations.at(-1);
    assert.ok(ended?.kind === 'ended');
    assert.deepEqual([ended.outcome, ended.failure], ['cancelled', null]);
    assert.deepEqual(record.urgent, []);
  });

  it('whose body did not come: nothing is held against the provider', async () => {
    const record = startAttempt(anthropicAt('http://127.0.0.1:9'), workOf(ODD_BODY), {
      fetchBody: () => Promise.reject(new Error('gone')),
    });
    await record.done;
    const [ended] = record.observations;
    assert.ok(ended?.kind === 'ended');
    assert.deepEqual([kinds(record), ended.failure], [['ended'], 'request']);
  });

  it('that asks twice: it started once', async () => {
    let hits = 0;
    await using upstream = await startUpstream((_hit, response) => {
      hits += 1;
      if (hits === 1) response.writeHead(401).end('{}');
      else response.writeHead(200, { 'content-type': 'application/json' }).end(MESSAGE);
    });
    const provider = { ...anthropicAt(upstream.origin), renewCredential: async () => true };
    const record = startAttempt(provider, workOf(WHOLE_BODY));
    await record.done;
    assert.equal(hits, 2);
    assert.deepEqual(kinds(record), ['started', 'answered', 'ended']);
  });
});

describe('what routers hear of a token count', () => {
  const work = () => workOf(WHOLE_BODY, { facts: { operation: 'count_tokens' } });

  it('by the provider: a request without tokens', async () => {
    await using upstream = await startUpstream((_hit, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{"input_tokens":17}');
    });
    const record = startAttempt(anthropicAt(upstream.origin), work());
    await record.done;
    const [started, , ended] = record.observations;
    assert.deepEqual(kinds(record), ['started', 'answered', 'ended']);
    assert.ok(started?.kind === 'started' && ended?.kind === 'ended');
    const { inputTokensEstimate, maxOutputTokens, conversation } = started;
    assert.deepEqual([inputTokensEstimate, maxOutputTokens, conversation], [0, 0, null]);
    assert.deepEqual([ended.usage, ended.conversation], [NO_USAGE, null]);
  });

  it('by the worker itself: nothing', async () => {
    const { countsTokens: _counts, ...provider } = anthropicAt('http://127.0.0.1:9');
    const record = startAttempt(provider, work());
    await record.done;
    assert.equal(record.sink.ends.length, 1);
    assert.deepEqual(record.observations, []);
  });
});

describe('a model that the router chose', () => {
  it('is asked for, while client and ledger keep the client’s name', async () => {
    await using upstream = await startUpstream((_hit, response) => {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":{}}');
    });
    const record = startAttempt(
      anthropicAt(upstream.origin),
      workOf(ODD_BODY, { model: 'claude-haiku-5-5' }),
    );
    await record.done;
    const sent = JSON.parse(String(upstream.hits[0]?.body));
    assert.equal(sent.model, 'claude-haiku-5-5');
    const [event] = record.usage;
    assert.deepEqual(
      [event?.requestModel, event?.upstreamModel],
      ['claude-opus-5-5', 'claude-haiku-5-5'],
    );
    assert.equal(record.sink.errors[0]?.message, 'model: claude-opus-5-5');
    for (const seen of record.observations) {
      assert.equal('upstreamModel' in seen && seen.upstreamModel, 'claude-haiku-5-5');
    }
  });

  it('is named to the counter of Vertex, whose address names none', async () => {
    await using upstream = await startUpstream((_hit, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{"input_tokens":17}');
    });
    const vertex = createVertexClaude(
      {
        id: 'vertex-claude',
        isEnabled: true,
        offReason: null,
        account: 'p',
        baseUrl: upstream.origin,
        apiKey: 'token',
        projectId: 'p',
        region: 'global',
      },
      PROVIDER_CONTEXT,
    );
    const work = workOf(WHOLE_BODY, {
      facts: { operation: 'count_tokens' },
      model: 'claude-haiku-5-5',
    });
    await startAttempt(vertex, work).done;
    assert.equal(JSON.parse(String(upstream.hits[0]?.body)).model, 'claude-haiku-5-5');
  });
});
