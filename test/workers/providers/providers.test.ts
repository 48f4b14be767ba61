import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ProviderSettings } from '../../../config/config.ts';
import { DEFAULT_MODEL_MAPPING, resolveModel } from '../../../config/model-mapping.ts';
import type { HeaderPair } from '../../../schemas/envelope.ts';
import type { ProviderId } from '../../../schemas/provider.ts';
import type { Provider, UpstreamRequest } from '../../../workers/provider.ts';
import { createVertexClaude } from '../../../workers/providers/vertex-claude.ts';
import { createProvider } from '../../../workers/registry.ts';
import { sealSignature } from '../../../workers/translation/signature.ts';
import { ODD_BODY, PROVIDER_CONTEXT, workOf } from '../support/attempt.ts';

const SIGNAL = new AbortController().signal;
const CLIENT_HEADERS: HeaderPair[] = [
  ['user-agent', 'claude-cli/2.1.330'],
  ['accept', 'application/json'],
  ['anthropic-version', '2023-06-01'],
  ['anthropic-beta', 'claude-code-20250219, advanced-tool-use-2025-11-20'],
  ['anthropic-beta', 'fast-mode-2026-02-01,effort-2025-11-24'],
  ['x-stainless-lang', 'js'],
  ['x-brand-new', '1'],
  ['authorization', 'Bearer client'],
  ['x-api-key', 'client'],
  ['cookie', 'client=1'],
  ['connection', 'keep-alive'],
  ['accept-encoding', 'gzip, br'],
  ['x-forwarded-for', '10.0.0.1'],
];

function settings(id: ProviderId, overrides: Partial<ProviderSettings> = {}): ProviderSettings {
  return {
    id,
    isEnabled: true,
    offReason: null,
    account: 'ACCOUNT',
    baseUrl: 'http://up',
    apiKey: 'credential',
    projectId: 'my project',
    region: 'us-east5',
    ...overrides,
  };
}

function provider(id: ProviderId, overrides: Partial<ProviderSettings> = {}): Provider {
  return createProvider(settings(id, overrides), PROVIDER_CONTEXT);
}

function bodyText({ body }: UpstreamRequest): string {
  return Buffer.concat(body).toString();
}

function valuesOf({ headers }: UpstreamRequest, name: string): string[] {
  return headers.filter(([known]) => known === name).map(([, value]) => value);
}

describe('anthropic', () => {
  it('forwards body, query and headers as they came, with its own credential', async () => {
    const work = workOf(ODD_BODY, { headers: CLIENT_HEADERS, query: 'beta=true' });
    const request = await provider('anthropic').request(work, SIGNAL);
    assert.equal(request.path, '/v1/messages?beta=true');
    assert.deepEqual(request.body, [work.body]);
    assert.deepEqual(request.headers, [
      ...CLIENT_HEADERS.slice(0, 7),
      ['content-type', 'application/json'],
      ['accept-encoding', 'identity'],
      ['x-api-key', 'credential'],
    ]);
  });

  it('names a version when the client did not, and counts tokens', async () => {
    const request = await provider('anthropic').request(
      workOf(ODD_BODY, { facts: { operation: 'count_tokens' } }),
      SIGNAL,
    );
    assert.equal(request.path, '/v1/messages/count_tokens');
    assert.deepEqual(valuesOf(request, 'anthropic-version'), ['2023-06-01']);
  });

  it('says which variable is missing', async () => {
    await assert.rejects(
      provider('anthropic', { apiKey: null }).request(workOf(ODD_BODY), SIGNAL),
      /ANTHROPIC_API_KEY/,
    );
  });
});

describe('openrouter', () => {
  it('changes the model’s name and nothing else', async () => {
    const request = await provider('openrouter').request(
      workOf(ODD_BODY, { headers: CLIENT_HEADERS }),
      SIGNAL,
    );
    assert.equal(request.path, '/api/v1/messages');
    assert.equal(
      bodyText(request),
      ODD_BODY.replace('claude-opus-5-5', 'anthropic/claude-opus-5.5'),
    );
    assert.deepEqual(valuesOf(request, 'authorization'), ['Bearer credential']);
    assert.deepEqual(valuesOf(request, 'x-stainless-lang'), []);
    assert.equal(valuesOf(request, 'anthropic-beta').length, 2);
  });

  it('leaves a body whose model is spelled right alone', async () => {
    const work = workOf('{"model":"anthropic/claude-opus-5.5", "x":1.0}');
    assert.deepEqual((await provider('openrouter').request(work, SIGNAL)).body, [work.body]);
  });

  it('asks chat completions for models of other makers', async () => {
    const work = workOf(
      '{"model":"qwen/qwen4","max_tokens":5,"messages":[{"role":"user","content":"a"}]}',
    );
    const request = await provider('openrouter').request(work, SIGNAL);
    assert.equal(request.path, '/api/v1/chat/completions');
    assert.equal(request.wire?.id, 'openai-chat');
    assert.equal(JSON.parse(bodyText(request)).model, 'qwen/qwen4');
  });

  it('learns that the Messages endpoint does not serve a model', async () => {
    const openrouter = provider('openrouter');
    const work = workOf(
      '{"model":"claude-opus-5-5","max_tokens":5,"messages":[{"role":"user","content":"a"}]}',
    );
    const ask = () => openrouter.request(work, SIGNAL);
    const first = await ask();
    assert.equal(first.path, '/api/v1/messages');
    assert.equal(openrouter.learn?.(first, { status: 400, body: Buffer.from(''), work }), false);
    assert.equal(openrouter.learn?.(first, { status: 404, body: Buffer.from(''), work }), true);
    const second = await ask();
    assert.equal(second.path, '/api/v1/chat/completions');
    assert.equal(openrouter.learn?.(second, { status: 404, body: Buffer.from(''), work }), false);
  });

  const spellings: [string, string][] = [
    ['claude-opus-4-5-20251101', 'anthropic/claude-opus-4.5'],
    ['claude-sonnet-5-5', 'anthropic/claude-sonnet-5.5'],
    ['claude-opus-5', 'anthropic/claude-opus-5'],
    ['claude-sonnet-4-20250514', 'anthropic/claude-sonnet-4'],
    ['claude-3-5-sonnet-20241022', 'anthropic/claude-3.5-sonnet'],
    ['claude-3-haiku-20240307', 'anthropic/claude-3-haiku'],
    ['claude-fable-5-2[1m]', 'anthropic/claude-fable-5.2'],
    ['google/gemini-3', 'google/gemini-3'],
    ['gpt-6', 'gpt-6'],
  ];
  for (const [model, expected] of spellings) {
    it(`spells ${model} ${expected}`, () =>
      assert.equal(resolveModel(model, 'openrouter').upstreamModel, expected));
  }
});

describe('vertex-gemini', () => {
  const body =
    '{"model":"gemini-3.1-pro-preview","max_tokens":9,"messages":[{"role":"user","content":"a"}]}';

  it('sends the configured safety threshold, or none', async () => {
    const ask = async (more: Partial<ProviderSettings>) =>
      JSON.parse(bodyText(await provider('vertex-gemini', more).request(workOf(body), SIGNAL)));
    assert.equal((await ask({})).safetySettings, undefined);
    const { safetySettings } = await ask({ safetyThreshold: 'BLOCK_ONLY_HIGH' });
    assert.equal(safetySettings.length, 4);
    assert.equal(safetySettings[0].threshold, 'BLOCK_ONLY_HIGH');
  });

  it('asks again without signatures when they were refused, for this attempt only', async () => {
    const gemini = provider('vertex-gemini');
    const signature = sealSignature({
      provider: 'vertex-gemini',
      model: 'gemini-3.1-pro-preview',
      state: { thoughtSignature: 'c2ln' },
    });
    const history = [
      { role: 'user', content: 'a' },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'hm', signature },
          { type: 'text', text: 'b' },
        ],
      },
      { role: 'user', content: 'c' },
    ];
    const work = () =>
      workOf(JSON.stringify({ model: 'gemini-3.1-pro-preview', max_tokens: 9, messages: history }));
    const first = work();
    const signed = await gemini.request(first, SIGNAL);
    assert.match(bodyText(signed), /c2ln/);
    const refusal = Buffer.from('{"error":{"code":400,"message":"Invalid thought signature."}}');
    assert.equal(gemini.learn?.(signed, { status: 400, body: refusal, work: first }), true);
    assert.doesNotMatch(bodyText(await gemini.request(first, SIGNAL)), /c2ln/);
    assert.match(bodyText(await gemini.request(work(), SIGNAL)), /c2ln/);
    const other = Buffer.from('{"error":{"code":400,"message":"Bad temperature"}}');
    assert.equal(gemini.learn?.(signed, { status: 400, body: other, work: first }), false);
  });
});

describe('another model than the client meant', () => {
  it('is asked for no more output than it can give; the meant one keeps its own limits', async () => {
    const modelMapping = {
      ...DEFAULT_MODEL_MAPPING,
      rules: [{ match: 'claude-opus-*', provider: null, model: 'claude-3-haiku-20240307' }],
    };
    for (const id of ['anthropic', 'vertex-claude', 'openrouter'] as const) {
      const ask = async (model: string) => {
        const work = workOf(`{"model":"${model}","max_tokens":64000,"messages":[]}`, {
          facts: { maxOutputTokens: 64_000 },
        });
        const mapped = createProvider(settings(id), { ...PROVIDER_CONTEXT, modelMapping });
        return JSON.parse(bodyText(await mapped.request(work, SIGNAL))).max_tokens;
      };
      assert.equal(await ask('claude-opus-5-5'), 4_096, id);
      assert.equal(await ask('claude-3-haiku-20240307'), 64_000, id);
    }
  });
});

describe('vertex-claude', () => {
  it('moves the model into the path and the version into the body', async () => {
    const body = ODD_BODY.replace('claude-opus-5-5', 'claude-haiku-4-5-20251001');
    const request = await provider('vertex-claude').request(
      workOf(body, { headers: CLIENT_HEADERS, query: 'beta=true' }),
      SIGNAL,
    );
    assert.equal(
      request.path,
      '/v1/projects/my%20project/locations/us-east5/publishers/anthropic/models/claude-haiku-4-5@20251001:streamRawPredict',
    );
    assert.equal(request.upstreamModel, 'claude-haiku-4-5@20251001');
    assert.equal(
      bodyText(request),
      body.replace(
        '"model":"claude-haiku-4-5-20251001", ',
        '"anthropic_version":"vertex-2023-10-16",',
      ),
    );
  });

  it('sends only betas that Vertex knows, under the names it knows', async () => {
    const request = await provider('vertex-claude').request(
      workOf(ODD_BODY, { headers: CLIENT_HEADERS }),
      SIGNAL,
    );
    assert.deepEqual(valuesOf(request, 'anthropic-beta'), [
      'claude-code-20250219,tool-search-tool-2025-10-19,effort-2025-11-24',
    ]);
    assert.deepEqual(valuesOf(request, 'authorization'), ['Bearer credential']);
    assert.deepEqual(valuesOf(request, 'x-api-key'), []);
    assert.deepEqual(valuesOf(request, 'anthropic-version'), []);
  });

  it('asks for one answer without a stream', async () => {
    const request = await provider('vertex-claude').request(
      workOf('{"model":"claude-opus-5-5"}'),
      SIGNAL,
    );
    assert.match(request.path, /claude-opus-5-5:rawPredict$/);
    assert.equal(bodyText(request), '{"anthropic_version":"vertex-2023-10-16"}');
  });

  it('counts tokens with the model in the body', async () => {
    const work = workOf('{"model":"claude-haiku-4-5-20251001","messages":[]}', {
      facts: { operation: 'count_tokens' },
      headers: [['anthropic-beta', 'web-search-2025-03-05,effort-2025-11-24']],
    });
    const request = await provider('vertex-claude').request(work, SIGNAL);
    assert.match(request.path, /models\/count-tokens:rawPredict$/);
    assert.equal(
      bodyText(request),
      '{"anthropic_version":"vertex-2023-10-16","model":"claude-haiku-4-5@20251001","messages":[]}',
    );
    assert.deepEqual(valuesOf(request, 'anthropic-beta'), ['effort-2025-11-24']);
  });

  it('copies a newer version and keeps one that is in the body', async () => {
    const newer = workOf('{"model":"claude-opus-5-5"}', {
      headers: [['anthropic-version', '2026-10-21']],
    });
    assert.equal(
      bodyText(await provider('vertex-claude').request(newer, SIGNAL)),
      '{"anthropic_version":"2026-10-21"}',
    );
    const own = workOf('{"anthropic_version":"vertex-x","model":"claude-opus-5-5"}');
    assert.equal(
      bodyText(await provider('vertex-claude').request(own, SIGNAL)),
      '{"anthropic_version":"vertex-x"}',
    );
  });

  it('takes out what has no effect, cache scopes too, and leaves tool inputs alone', async () => {
    const work = workOf(
      '{"model":"claude-opus-5-5","service_tier":"auto","system":[{"cache_control":{"type":"ephemeral","scope":"global"}}],"messages":[{"input":{"cache_control":{"scope":1.0}}}],"speed":"fast"}',
    );
    assert.equal(
      bodyText(await provider('vertex-claude').request(work, SIGNAL)),
      '{"anthropic_version":"vertex-2023-10-16","system":[{"cache_control":{"type":"ephemeral"}}],"messages":[{"input":{"cache_control":{"scope":1.0}}}]}',
    );
  });

  it('refuses what would change the answer, by name', async () => {
    const work = workOf('{"model":"claude-opus-5-5","mcp_servers":[]}');
    await assert.rejects(provider('vertex-claude').request(work, SIGNAL), {
      type: 'invalid_request_error',
      status: 400,
      message: /mcp_servers/,
    });
  });

  it('learns which betas a model refuses', async () => {
    const vertex = createVertexClaude(settings('vertex-claude'), PROVIDER_CONTEXT);
    const work = workOf(ODD_BODY, { headers: CLIENT_HEADERS });
    const request = await vertex.request(work, SIGNAL);
    const refusal = Buffer.from(
      JSON.stringify({
        error: {
          message:
            'Unexpected value(s) `effort-2025-11-24`, `tool-search-tool-2025-10-19` for the `anthropic-beta` header.',
        },
      }),
    );
    assert.equal(vertex.learn?.(request, { status: 400, body: refusal, work }), true);
    assert.equal(vertex.learn?.(request, { status: 400, body: refusal, work }), false);
    assert.equal(vertex.learn?.(request, { status: 400, body: Buffer.from('other'), work }), false);
    assert.deepEqual(valuesOf(await vertex.request(work, SIGNAL), 'anthropic-beta'), [
      'claude-code-20250219',
    ]);
    const other = workOf(ODD_BODY.replace('opus', 'sonnet'), { headers: CLIENT_HEADERS });
    assert.match(
      valuesOf(await vertex.request(other, SIGNAL), 'anthropic-beta')[0] ?? '',
      /effort/,
    );
  });

  it('refuses a model that would leave its place in the path', async () => {
    for (const model of ['..', '.', 'a;b']) {
      await assert.rejects(
        provider('vertex-claude').request(workOf(JSON.stringify({ model })), SIGNAL),
        { type: 'not_found_error' },
      );
    }
    const slash = await provider('vertex-claude').request(workOf('{"model":"a/../b"}'), SIGNAL);
    assert.match(slash.path, /models\/a%2F\.\.%2Fb:rawPredict$/);
  });

  const models: [string, string][] = [
    ['claude-opus-4-5-20251101', 'claude-opus-4-5@20251101'],
    ['claude-opus-5-5[1m]', 'claude-opus-5-5'],
    ['claude-sonnet-4-5@20250929', 'claude-sonnet-4-5@20250929'],
  ];
  for (const [model, expected] of models) {
    it(`spells ${model} ${expected}`, () =>
      assert.equal(resolveModel(model, 'vertex-claude').upstreamModel, expected));
  }
});
