import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { geminiGeneration } from '../../../../workers/wire/gemini-generate/encode-context.ts';
import { type EncodeOverrides, encodeBody, GEMINI_25, says } from '../../support/gemini-encode.ts';

function config(model: string, fields: object, overrides: EncodeOverrides = {}) {
  const encoded = encodeBody({ ...says('hi'), ...fields }, { ...overrides, upstreamModel: model });
  return encoded.request.generationConfig.thinkingConfig;
}

const adaptive = (effort?: string) => ({
  thinking: { type: 'adaptive' },
  ...(effort === undefined ? {} : { output_config: { effort } }),
});
const enabled = (budget_tokens: number) => ({ thinking: { type: 'enabled', budget_tokens } });
const DISABLED = { thinking: { type: 'disabled' } };

describe('geminiGeneration()', () => {
  it('reads the generation from a name, and takes others for 3', () => {
    const cases: readonly (readonly [string, number])[] = [
      ['gemini-2.5-flash', 2.5],
      ['google/gemini-2.5-pro', 2.5],
      ['gemini-2.0-flash-001', 2],
      ['gemini-3-flash-preview', 3],
      ['gemini-3.1-pro-preview', 3.1],
      ['gemini-3.8-flash', 3.8],
      ['gemini-4-argon', 4],
      ['gemini-flash-latest', 3],
      ['something', 3],
    ];
    for (const [model, generation] of cases) assert.equal(geminiGeneration(model), generation);
  });
});

describe('thinking at Gemini 2.5', () => {
  it('has a budget for each effort', () => {
    const budgets = ['low', 'medium', 'high', 'max'].map(
      (effort) => config(GEMINI_25, adaptive(effort))?.thinkingBudget,
    );
    assert.deepEqual(budgets, [1024, 8192, 24_576, 24_576]);
    assert.equal(config('gemini-2.5-pro', adaptive('max'))?.thinkingBudget, 32_768);
  });

  it('is left to the model without an effort', () => {
    assert.deepEqual(config(GEMINI_25, adaptive()), { includeThoughts: true, thinkingBudget: -1 });
  });

  it('keeps the client budget within what the model takes', () => {
    const budget = (model: string, tokens: number) =>
      config(model, enabled(tokens))?.thinkingBudget;
    assert.equal(budget(GEMINI_25, 31_999), 24_576);
    assert.equal(budget('gemini-2.5-pro', 31_999), 31_999);
    assert.equal(budget('gemini-2.5-pro', 1), 128);
    assert.equal(budget('gemini-2.5-flash-lite', 100), 512);
  });

  it('is off where it can be, and without a word on it', () => {
    assert.deepEqual(config(GEMINI_25, DISABLED), { includeThoughts: false, thinkingBudget: 0 });
    assert.deepEqual(config('gemini-2.5-pro', DISABLED), {
      includeThoughts: false,
      thinkingBudget: 128,
    });
    assert.equal(config(GEMINI_25, {})?.thinkingBudget, 0);
  });
});

describe('thinking at Gemini 3 and later', () => {
  const FLASH = 'gemini-3.5-flash';
  const PRO = 'gemini-3.1-pro-preview';

  it('has a level for each effort and budget', () => {
    const level = (fields: object) => config(PRO, fields)?.thinkingLevel;
    assert.deepEqual(
      ['low', 'medium', 'high', 'xhigh', 'max'].map((effort) => level(adaptive(effort))),
      ['LOW', 'MEDIUM', 'HIGH', 'HIGH', 'HIGH'],
    );
    assert.deepEqual(
      [4000, 10_000, 31_999].map((tokens) => level(enabled(tokens))),
      ['LOW', 'MEDIUM', 'HIGH'],
    );
    assert.deepEqual(config(PRO, adaptive()), { includeThoughts: true });
  });

  it('is as low as the model allows when it is disabled', () => {
    assert.equal(config(FLASH, DISABLED)?.thinkingLevel, 'MINIMAL');
    assert.equal(config(PRO, DISABLED)?.thinkingLevel, 'LOW');
  });

  it('keeps to the levels that the model has', () => {
    const model = { effortLevels: ['low', 'high'] };
    assert.equal(config(PRO, adaptive('medium'), { model })?.thinkingLevel, 'HIGH');
    assert.equal(config(FLASH, DISABLED, { model })?.thinkingLevel, 'LOW');
  });

  it('shows no thoughts when the client omits them', () => {
    const thinking = { type: 'adaptive', display: 'omitted' };
    assert.equal(config(PRO, { thinking })?.includeThoughts, false);
  });

  it('takes the effort of a system message for its turn only', () => {
    const system = { role: 'system', content: 'x', output_config: { effort: 'low' } };
    const fields = { ...adaptive('high') };
    const user = { role: 'user', content: 'go' };
    const messages = [user, system];
    assert.equal(config(PRO, { ...fields, messages })?.thinkingLevel, 'LOW');
    const later = [...messages, { role: 'assistant', content: 'ok' }, user];
    assert.equal(config(PRO, { ...fields, messages: later })?.thinkingLevel, 'HIGH');
  });

  it('drops an effort that nobody knows, with a warning', () => {
    const { warnings } = encodeBody({ ...says('hi'), ...adaptive('huge') });
    assert.deepEqual(warnings, ['effort huge dropped']);
  });
});

describe('thinking at models without it', () => {
  it('is not spoken of', () => {
    assert.equal(config('gemini-2.0-flash', adaptive('high')), undefined);
    assert.equal(config(GEMINI_25, adaptive(), { model: { thinking: 'none' } }), undefined);
  });
});
