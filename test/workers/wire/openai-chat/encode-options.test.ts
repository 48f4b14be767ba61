import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  AZURE_INFERENCE_FLAVOUR,
  DEFAULT_FLAVOUR,
  OPENROUTER_FLAVOUR,
} from '../../../../workers/wire/openai-chat/flavour.ts';
import { CAPABLE, type EncodeOptions, encode } from '../../support/openai-encode.ts';

const OPENROUTER = { flavour: OPENROUTER_FLAVOUR };
const named = (upstreamModel: string): EncodeOptions => ({ context: { upstreamModel } });

describe('the row "model"', () => {
  it("is the provider's spelling", () => {
    assert.equal(encode({ model: 'claude-opus-5-5' }).body['model'], 'some-model');
  });
});

describe('the row "max_tokens"', () => {
  const limit = (max_tokens: unknown, options: EncodeOptions = {}) => {
    const { body } = encode({ max_tokens }, options);
    return [body['max_tokens'], body['max_completion_tokens']];
  };

  it('goes in the field that the server or the model knows', () => {
    assert.deepEqual(limit(9), [9, undefined]);
    for (const model of ['gpt-5-mini', 'o3', 'openai/gpt-6', 'codex-mini'])
      assert.deepEqual(limit(9, named(model)), [undefined, 9]);
    for (const model of ['gpt-4o', 'gpt-oss:120b', 'qwen3', 'openai/gpt-oss-120b'])
      assert.deepEqual(limit(9, named(model)), [9, undefined]);
    assert.deepEqual(limit(9, { ...OPENROUTER, ...named('openai/gpt-5') }), [9, undefined]);
  });

  it('is no more than the model can, nor more than half of its window', () => {
    assert.deepEqual(limit(128_000, { model: { maxOutputTokens: 8192 } }), [8192, undefined]);
    const window = { contextWindowTokens: 32_768 };
    assert.deepEqual(limit(32_000, { model: window }), [16_384, undefined]);
    assert.deepEqual(limit(100, { model: { ...window, maxOutputTokens: 8192 } }), [100, undefined]);
  });

  it('is refused when 0, missing or nonsense', () => {
    for (const max_tokens of [0, undefined, null, 'x', -1, 1.5])
      assert.throws(() => limit(max_tokens), {
        type: 'invalid_request_error',
        message: /^max_tokens: /,
      });
  });
});

describe('the row "output_config.format"', () => {
  const schema = { type: 'object', properties: { a: {} } };
  const format = { type: 'json_schema', schema };

  it('is a response_format, strict when the schema leaves no room', () => {
    const sent = (fields: object) => encode(fields).body['response_format'];
    const expected = {
      type: 'json_schema',
      json_schema: { name: 'answer', schema, strict: false },
    };
    assert.deepEqual(sent({ output_config: { format } }), expected);
    assert.deepEqual(sent({ output_format: format }), expected);
    const closed = { ...schema, required: ['a'], additionalProperties: false };
    assert.deepEqual(sent({ output_config: { format: { type: 'json_schema', schema: closed } } }), {
      type: 'json_schema',
      json_schema: { name: 'answer', schema: closed, strict: true },
    });
  });

  it('is an instruction for a model that knows no schemas', () => {
    const model = { hasStructuredOutput: false };
    const { body, warnings } = encode({ system: 's', output_config: { format } }, { model });
    assert.deepEqual(body['response_format'], { type: 'json_object' });
    assert.match(
      String(body.messages[0]?.content),
      /^s\n\nAnswer with one JSON object.*\n\{"type"/,
    );
    assert.deepEqual(warnings, ['output_config.format sent as an instruction']);
  });

  it('is refused without a schema', () => {
    assert.throws(() => encode({ output_config: { format: { type: 'json_schema' } } }), {
      type: 'invalid_request_error',
      message: /output_config\.format\.schema/,
    });
  });
});

describe('the row "task_budget, context_management, container, betas, diagnostics ..."', () => {
  it('sends none of them, and tells of those that change what the client gets', () => {
    const { body, warnings } = encode({
      output_config: { task_budget: { type: 'tokens', total: 1 } },
      context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
      container: 'c',
      diagnostics: {},
      inference_geo: 'eu',
      speed: 'fast',
      fallbacks: 'default',
      future_field: 1,
    });
    assert.deepEqual(Object.keys(body), [
      'model',
      'messages',
      'max_tokens',
      'stream',
      'stream_options',
    ]);
    assert.deepEqual(warnings, ['container dropped', 'future_field dropped']);
  });

  it('refuses a compaction that is to pause, and tells of one that is not', () => {
    const edits = (more: object) => ({
      context_management: { edits: [{ type: 'compact_20260112', ...more }] },
    });
    assert.throws(() => encode(edits({ pause_after_compaction: true })), {
      type: 'invalid_request_error',
      message: /pause_after_compaction/,
    });
    assert.deepEqual(encode(edits({})).warnings, ['context_management compaction dropped']);
  });
});

describe('the row "temperature/top_p"', () => {
  it('passes, but to models that reason', () => {
    const fields = { temperature: 0.2, top_p: 0.9 };
    const sent = (more: object, options: EncodeOptions = {}) => {
      const { body, warnings } = encode({ ...fields, ...more }, options);
      return [body['temperature'], body['top_p'], warnings.length];
    };
    assert.deepEqual(sent({}), [0.2, 0.9, 0]);
    assert.deepEqual(sent({}, named('gpt-5')), [undefined, undefined, 2]);
    assert.deepEqual(sent({ thinking: { type: 'adaptive' } }), [undefined, undefined, 2]);
    const plain = { model: { ...CAPABLE, thinking: 'none' as const } };
    assert.deepEqual(sent({ thinking: { type: 'adaptive' } }, plain), [0.2, 0.9, 0]);
    assert.deepEqual(encode({ temperature: 1 }, named('o3')).warnings, []);
  });
});

describe('the row "top_k"', () => {
  it('passes where the server knows it, else is told', () => {
    const { body, warnings } = encode({ top_k: 5 });
    assert.deepEqual([body['top_k'], warnings], [undefined, ['top_k dropped']]);
    assert.equal(encode({ top_k: 5 }, OPENROUTER).body['top_k'], 5);
  });
});

describe('the row "stop_sequences"', () => {
  it('is stop, the first four', () => {
    assert.deepEqual(encode({ stop_sequences: ['a', '', 7, 'b'] }).body['stop'], ['a', 'b']);
    const { body, warnings } = encode({ stop_sequences: ['a', 'b', 'c', 'd', 'e'] });
    assert.deepEqual(body['stop'], ['a', 'b', 'c', 'd']);
    assert.deepEqual(warnings, ['stop_sequences: only the first 4 sent']);
  });

  it("is told when OpenAI's reasoning models refuse it", () => {
    const { body, warnings } = encode({ stop_sequences: ['a'] }, named('gpt-5'));
    assert.ok(!('stop' in body));
    assert.deepEqual(warnings, ['stop_sequences dropped: the model reasons']);
  });
});

describe('the row "metadata.user_id"', () => {
  const sent = (user_id: string, flavour = DEFAULT_FLAVOUR) =>
    encode({ metadata: { user_id } }, { flavour }).body;

  it('is a hash of the user, the same in all sessions', () => {
    const json = (session_id: string) => JSON.stringify({ account_uuid: 'u', session_id });
    assert.match(String(sent('me@example.test')['user']), /^[0-9a-f]{32}$/);
    assert.equal(sent(json('1'))['user'], sent(json('2'))['user']);
    assert.equal(sent('user_a_account_b_session_1')['user'], sent('user_a_account_b')['user']);
    assert.notEqual(sent('user_a')['user'], sent('user_b')['user']);
  });

  it('goes in the field that the server knows, if any', () => {
    const flavour = { ...DEFAULT_FLAVOUR, userField: 'safety_identifier' as const };
    assert.ok('safety_identifier' in sent('u', flavour));
    assert.ok(!('user' in sent('u', AZURE_INFERENCE_FLAVOUR)));
  });
});

describe('the rows "service_tier" and "cache_control"', () => {
  it('are dropped, and the session id is the key of the prompt cache where there is one', () => {
    const cache_control = { type: 'ephemeral' };
    const messages = [{ role: 'user', content: [{ type: 'text', text: 'a', cache_control }] }];
    const fields = { service_tier: 'auto', cache_control, messages };
    const { body, warnings } = encode(fields);
    assert.ok(!JSON.stringify(body).includes('ephemeral') && !('service_tier' in body));
    assert.ok(!('prompt_cache_key' in body));
    assert.deepEqual(warnings, []);
    assert.equal(encode(fields, OPENROUTER).body['prompt_cache_key'], 'session-1');
  });
});

describe('streaming', () => {
  it('asks for usage in the stream unless the server refuses that', () => {
    assert.deepEqual(encode({}).body['stream_options'], { include_usage: true });
    const flavour = { ...DEFAULT_FLAVOUR, sendsIncludeUsage: false };
    assert.ok(!('stream_options' in encode({}, { flavour }).body));
    const { body } = encode({}, { context: { isStream: false } });
    assert.deepEqual([body['stream'], 'stream_options' in body], [false, false]);
  });
});
