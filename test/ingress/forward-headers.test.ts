import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../config/limits.ts';
import { forwardHeaders } from '../../ingress/forward-headers.ts';
import type { HeaderPair } from '../../schemas/envelope.ts';

test('what Claude Code tells the API travels unchanged, in order, repetitions included', () => {
  const headers: HeaderPair[] = [
    ['accept', 'application/json'],
    ['content-type', 'application/json'],
    ['user-agent', 'claude-cli/2.1.330 (external, sdk-cli)'],
    ['x-claude-code-session-id', 'a444bbbd-d45c-4452-a62e-c1f276fc5f2d'],
    ['x-stainless-timeout', '600'],
    ['anthropic-beta', 'effort-2025-11-24'],
    ['anthropic-beta', 'context-management-2025-06-27'],
    ['anthropic-version', '2023-06-01'],
    ['anthropic-dangerous-direct-browser-access', 'true'],
    ['x-app', 'cli'],
    ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
    ['x-unknown-to-us', ' kept '],
  ];
  assert.deepEqual(forwardHeaders(headers), headers);
});

test('credentials, hop-by-hop headers and the client address stay here', () => {
  const names = [
    ...['authorization', 'x-api-key', 'api-key', 'x-goog-api-key', 'cookie', 'proxy-authorization'],
    ...['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect'],
    ...['host', 'content-length', 'content-encoding', 'accept-encoding', 'proxy-connection'],
    ...['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'x-gateway-provider'],
    ...['origin', 'referer', 'sec-fetch-site'],
  ];
  assert.deepEqual(forwardHeaders(names.map((name) => [name, 'secret'])), []);
});

test('headers that Connection names are hop-by-hop, wherever they stand', () => {
  const headers: HeaderPair[] = [
    ['x-hop', '1'],
    ['connection', 'keep-alive, X-Hop'],
    ['connection', 'x-other'],
    ['x-other', '2'],
    ['x-kept', '3'],
  ];
  assert.deepEqual(forwardHeaders(headers), [['x-kept', '3']]);
});

test('what is forwarded is bounded and is a part of what came', () => {
  const pair = fc.tuple(fc.stringMatching(/^[a-z-]{1,20}$/), fc.string({ maxLength: 2_000 }));
  fc.assert(
    fc.property(fc.array(pair, { maxLength: 150 }), (headers) => {
      const forwarded = forwardHeaders(headers);
      const bytes = forwarded.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
      assert.ok(forwarded.length <= LIMITS.headersMax && bytes <= LIMITS.headerBytesMax);
      const remaining = headers.values();
      for (const kept of forwarded) assert.ok(remaining.some((header) => header === kept));
    }),
  );
});
