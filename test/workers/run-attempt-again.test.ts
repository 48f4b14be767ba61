import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createVertexClaude } from '../../workers/providers/vertex-claude.ts';
import { startUpstream } from '../support/upstream.ts';
import {
  anthropicAt,
  ODD_BODY,
  PROVIDER_CONTEXT,
  startAttempt,
  workOf,
} from './support/attempt.ts';
import { checkOnce, openStream } from './support/attempt-against.ts';
import { ANSWER } from './support/stream-text.ts';

describe('asking the same upstream again', () => {
  it('renews a refused credential once', async () => {
    for (const [refusals, ends] of [
      [1, 1],
      [9, 0],
    ] as const) {
      let hits = 0;
      await using upstream = await startUpstream((_hit, response) => {
        hits += 1;
        if (hits <= refusals) {
          response.writeHead(401);
          response.end('{}');
          return;
        }
        openStream(response);
        response.end(ANSWER);
      });
      let renewals = 0;
      const provider = {
        ...anthropicAt(upstream.origin),
        renewCredential: async () => {
          renewals += 1;
          return true;
        },
      };
      const record = startAttempt(provider, workOf(ODD_BODY));
      await record.done;
      checkOnce(record);
      assert.deepEqual([hits, renewals, record.sink.ends.length], [2, 1, ends]);
    }
  });

  it('leaves a refused beta out, once and for all', async () => {
    const betas: (string | undefined)[] = [];
    await using upstream = await startUpstream((hit, response) => {
      const beta = hit.header('anthropic-beta');
      betas.push(beta);
      if (beta?.includes('effort')) {
        response.writeHead(400, { 'content-type': 'application/json' });
        response.end(
          JSON.stringify({
            type: 'error',
            error: {
              type: 'invalid_request_error',
              message:
                'Unexpected value(s) `effort-2025-11-24` for the `anthropic-beta` header. Please consult our documentation.',
            },
          }),
        );
        return;
      }
      openStream(response);
      response.end(ANSWER);
    });
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
    for (let round = 0; round < 2; round++) {
      const work = workOf(ODD_BODY, {
        headers: [['anthropic-beta', 'effort-2025-11-24,claude-code-20250219']],
      });
      const record = startAttempt(vertex, work);
      await record.done;
      checkOnce(record);
      assert.equal(record.sink.ends.length, 1);
    }
    assert.deepEqual(betas, [
      'effort-2025-11-24,claude-code-20250219',
      'claude-code-20250219',
      'claude-code-20250219',
    ]);
  });
});

describe('an attempt that the provider cannot carry', () => {
  it('fails with the provider’s words, unbilled', async () => {
    const provider = createVertexClaude(
      {
        id: 'vertex-claude',
        isEnabled: true,
        offReason: null,
        account: 'ACCOUNT',
        baseUrl: 'http://127.0.0.1:9',
        apiKey: 'token',
        projectId: 'p',
        region: 'global',
      },
      PROVIDER_CONTEXT,
    );
    const record = startAttempt(provider, workOf('{"model":"claude-opus-5-5","container":"x"}'));
    await record.done;
    checkOnce(record);
    assert.deepEqual(
      [record.sink.errors[0]?.status, record.sink.errors[0]?.isFailover],
      [400, false],
    );
    assert.match(record.sink.errors[0]?.message ?? '', /container/);
  });

  it('survives a provider that throws what it should not', async () => {
    const provider = {
      ...anthropicAt('http://127.0.0.1:9'),
      request: () => Promise.reject(new TypeError('secret detail')),
    };
    const record = startAttempt(provider, workOf(ODD_BODY));
    await record.done;
    checkOnce(record);
    assert.equal(record.sink.errors[0]?.status, 500);
    assert.doesNotMatch(record.sink.errors[0]?.message ?? '', /secret/);
  });
});
