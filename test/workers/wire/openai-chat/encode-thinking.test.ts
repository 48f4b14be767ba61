import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type GatewaySignature, sealSignature } from '../../../../workers/translation/signature.ts';
import {
  DEFAULT_FLAVOUR,
  OPENROUTER_FLAVOUR,
  type OpenaiFlavour,
} from '../../../../workers/wire/openai-chat/flavour.ts';
import { type EncodeOptions, encode } from '../../support/openai-encode.ts';

const OPENROUTER = { flavour: OPENROUTER_FLAVOUR };
const enabled = (budget_tokens: number) => ({ thinking: { type: 'enabled', budget_tokens } });
const adaptive = (effort?: string) => ({
  thinking: { type: 'adaptive', display: 'omitted' },
  output_config: { effort },
});

describe('the row "thinking adaptive/enabled"', () => {
  const effort = (fields: object, options: EncodeOptions = {}) =>
    encode({ max_tokens: 64_000, ...fields }, options).body['reasoning_effort'];
  const reasoning = (fields: object, options: EncodeOptions = {}) =>
    encode({ max_tokens: 64_000, ...fields }, { ...OPENROUTER, ...options }).body['reasoning'];

  it('passes the efforts that servers share, and the strongest of those that they may not', () => {
    for (const level of ['low', 'medium', 'high']) assert.equal(effort(adaptive(level)), level);
    for (const level of ['xhigh', 'max', 'beyond']) assert.equal(effort(adaptive(level)), 'high');
    assert.equal(effort({ output_config: { effort: 'low' } }), 'low');
    assert.equal(effort(adaptive()), undefined);
  });

  it('takes the strongest effort of the model that is not beyond the wanted one', () => {
    const model = (...effortLevels: string[]) => ({ model: { effortLevels } });
    assert.equal(effort(adaptive('max'), model('low', 'medium', 'high', 'xhigh')), 'xhigh');
    assert.equal(effort(adaptive('medium'), model('low', 'high')), 'low');
    assert.equal(effort(adaptive('low'), model('none', 'high')), 'high');
  });

  it('turns budgets into efforts', () => {
    assert.deepEqual(
      [1024, 4095, 4096, 16_383, 16_384, 31_999].map((tokens) => effort(enabled(tokens))),
      ['low', 'low', 'medium', 'medium', 'high', 'high'],
    );
  });

  it('is off only in models that can say so', () => {
    const off = { thinking: { type: 'disabled' }, output_config: { effort: 'high' } };
    assert.equal(effort(off), undefined);
    assert.equal(effort(off, { model: { effortLevels: ['none', 'low'] } }), 'none');
    assert.equal(effort(adaptive('high'), { model: { thinking: 'none' } }), undefined);
    const flavour: OpenaiFlavour = { ...DEFAULT_FLAVOUR, reasoning: 'none' };
    assert.equal(effort(adaptive('high'), { flavour }), undefined);
  });

  it('is an object at OpenRouter: a budget for models that have one, else an effort', () => {
    assert.deepEqual(reasoning(adaptive('max')), { effort: 'xhigh' });
    assert.deepEqual(reasoning(adaptive()), { enabled: true });
    const budget = { model: { thinking: 'budget' as const } };
    assert.deepEqual(reasoning(enabled(31_999), budget), { max_tokens: 31_999 });
    assert.deepEqual(reasoning({ ...enabled(31_999), max_tokens: 2000 }, budget), {
      effort: 'high',
    });
    assert.equal(reasoning({ thinking: { type: 'disabled' } }), undefined);
    assert.equal(reasoning({}), undefined);
  });

  it('is told when a model takes no effort beside tools', () => {
    const options = { context: { upstreamModel: 'gpt-5.4-mini' } };
    const tools = [{ name: 'Read' }];
    const { body, warnings } = encode({ ...adaptive('low'), tools }, options);
    assert.ok(!('reasoning_effort' in body));
    assert.deepEqual(warnings, ['effort dropped: the model takes none beside tools']);
    assert.equal(effort(adaptive('low'), options), 'low');
  });
});

describe('the row "thinking / redacted_thinking"', () => {
  const mine = { provider: 'openai-compatible', model: 'some-model' };
  const details = [{ type: 'reasoning.text', text: 'hm', signature: 's', index: 0 }];
  const thinking = (signature: GatewaySignature | string, text = 'hm') => ({
    type: 'thinking',
    thinking: text,
    signature: typeof signature === 'string' ? signature : sealSignature(signature),
  });
  const loop = (block: object) => [
    { role: 'user', content: 'q' },
    { role: 'assistant', content: [block, { type: 'tool_use', id: 'a', name: 'Read', input: {} }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: 'r' }] },
  ];
  const old = (block: object) => [
    ...loop(block),
    { role: 'assistant', content: 'done' },
    { role: 'user', content: 'next' },
  ];
  const sent = (
    messages: object[],
    replayReasoning: OpenaiFlavour['replayReasoning'],
    context: EncodeOptions['context'] = {},
  ) => {
    const flavour = { ...DEFAULT_FLAVOUR, replayReasoning };
    const { body, warnings } = encode({ messages }, { flavour, context });
    const message = body.messages.find(({ role }) => role === 'assistant');
    return [message?.reasoning_content, message?.reasoning_details, ...warnings];
  };

  it('gives details back unchanged to the provider and model that made them', () => {
    const block = thinking({ ...mine, state: { reasoningDetails: details } });
    assert.deepEqual(sent(loop(block), 'details'), [undefined, details]);
    assert.deepEqual(sent(old(block), 'details'), [undefined, details]);
  });

  it('gives text back within the tool loop, or always, as the server wants', () => {
    const block = thinking({ ...mine, state: {} });
    assert.deepEqual(sent(loop(block), 'toolLoop'), ['hm', undefined]);
    assert.deepEqual(sent(old(block), 'toolLoop'), [undefined, undefined]);
    assert.deepEqual(sent(old(block), 'always'), ['hm', undefined]);
    assert.deepEqual(sent(loop(block), 'never'), [undefined, undefined]);
    const hidden = thinking({ ...mine, state: { reasoningText: 'hidden' } }, '');
    assert.deepEqual(sent(loop(hidden), 'toolLoop'), ['hidden', undefined]);
  });

  it('takes what is kept with the tool calls when the client sent no blocks', () => {
    const state = {
      v: 1 as const,
      ...mine,
      upstreamId: null,
      thoughtSignature: null,
      reasoningDetails: details,
      reasoningText: 'hm',
    };
    const toolStates = new Map([['a', state]]);
    const empty = { type: 'text', text: '' };
    assert.deepEqual(sent(loop(empty), 'details', { toolStates }), [undefined, details]);
    assert.deepEqual(sent(loop(empty), 'toolLoop', { toolStates }), ['hm', undefined]);
    const foreign = new Map([['a', { ...state, model: 'other' }]]);
    assert.deepEqual(sent(loop(empty), 'details', { toolStates: foreign }), [undefined, undefined]);
  });

  it("never sends another's, told in the loop that goes on and silent for old turns", () => {
    const told = 'thinking of another provider or model dropped';
    const state = { reasoningDetails: details };
    for (const block of [
      thinking('EpYDCkgIEBABGAIq'),
      thinking(''),
      thinking('gw1.broken'),
      thinking({ ...mine, provider: 'openrouter', state }),
      thinking({ ...mine, model: 'other', state }),
      { type: 'redacted_thinking', data: 'x' },
    ]) {
      assert.deepEqual(sent(loop(block), 'details'), [undefined, undefined, told]);
      assert.deepEqual(sent(old(block), 'always'), [undefined, undefined]);
    }
  });
});
